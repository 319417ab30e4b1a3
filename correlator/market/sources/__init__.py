"""Sources of bars: what a source is, and the services that answer."""
