"""Pages of publishers: whose statement a date, a headline or a body is."""
