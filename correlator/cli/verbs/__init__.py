"""One module per verb: it parses, calls and prints."""
