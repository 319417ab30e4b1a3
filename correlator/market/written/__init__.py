"""How figures, dates, times and units are written."""
