"""Studies that are made in parts: larger than memory, or on several machines."""
