"""Vocabularies: actors, lexica, languages, tone."""
