"""Text to coded events: ``vocabulary`` -> ``grammar`` -> ``acts`` -> ``learned``; ``coder`` goes the whole way."""
