"""What a terminal shows and hands in: narration, progress, figures, standard input."""
