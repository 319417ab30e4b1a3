"""The language for selecting events."""
