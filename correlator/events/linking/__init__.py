"""Which instruments a text concerns, and on what evidence."""
