"""The result of a study: its tables, its statistics and its wording."""
