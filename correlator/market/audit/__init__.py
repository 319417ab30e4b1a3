"""Audit bars for inconsistencies of prices, sessions and names."""
