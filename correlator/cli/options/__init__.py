"""Options that several verbs share, each written once."""
