"""From a headline to one reading: mentions, phrases, clauses, and who does it to whom."""
