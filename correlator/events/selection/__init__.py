"""The selection language: which events a study takes."""
