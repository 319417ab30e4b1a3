"""The brief of a headline: its event, the instruments concerned, when markets can react, and its precedents."""
