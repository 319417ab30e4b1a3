"""Read any file or frame as one raw table, before its columns are interpreted."""
