"""The ticker strip printed on a page."""
