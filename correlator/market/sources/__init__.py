"""Sources of bars: the protocol, and the services that implement it."""
