"""What is asked of a study: its options, how each is read, its windows and the engine of its loops."""
