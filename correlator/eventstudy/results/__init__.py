"""What a study found, as frames: the result, its tables and its words."""
