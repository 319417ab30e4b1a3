"""Frames to one panel: dates, returns, benchmark, factors and which bars are doubtful."""
