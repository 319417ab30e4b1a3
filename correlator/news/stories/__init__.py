"""Which articles tell one story again."""
