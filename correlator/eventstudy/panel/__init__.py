"""Frames to one panel: dates, returns, benchmark, factors and what is doubtful in them."""
