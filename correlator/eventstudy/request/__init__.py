"""The request of a study: its options, how each is parsed, its windows and the engine of its loops."""
