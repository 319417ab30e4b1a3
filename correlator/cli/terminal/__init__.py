"""Interaction with the terminal: notes, progress, figures, standard input."""
