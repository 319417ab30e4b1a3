"""Whether averages over events are more than chance, by formula."""
