"""Expected returns and what is left: abnormal returns of each event with their standard errors."""
