"""Read files of headlines, and of events coded elsewhere."""
