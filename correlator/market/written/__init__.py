"""Parse numbers, dates, times and units as files write them."""
