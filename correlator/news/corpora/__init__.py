"""Read tables and files of many articles; their layouts are data files."""
