"""The command line: words at a prompt to calls of the library."""
