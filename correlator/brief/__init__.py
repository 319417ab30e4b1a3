"""A headline's brief: what it is, whom it concerns, when the market can answer, what happened the last times."""
