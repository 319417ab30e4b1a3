"""Whether a headline tells an act between states at all."""
