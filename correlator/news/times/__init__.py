"""Dates and times as pages, addresses and columns write them."""
