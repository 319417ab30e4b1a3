"""From raw tables to bars: rows, labels, units, symbols, and what is rejected."""
