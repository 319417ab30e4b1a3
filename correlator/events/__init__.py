"""Code texts into events: ``vocabulary`` -> ``grammar`` -> ``acts`` -> ``learned``; ``coder`` runs all steps."""
