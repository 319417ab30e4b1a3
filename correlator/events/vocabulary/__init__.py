"""Words and who is meant by them: actors, lexica, languages, tone."""
