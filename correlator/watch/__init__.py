"""Feeds polled, stored and coded; a brief of every new event that is selected, once."""
