"""Whether they are more than chance, by what ordinary sessions of the same symbols gave."""
