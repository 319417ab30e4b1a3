"""Parse a headline into a reading: mentions, phrases, clauses, source and target."""
