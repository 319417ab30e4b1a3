"""Decide whether a headline reports an act between states at all."""
