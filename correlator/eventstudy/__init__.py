"""Event studies: ``panel`` and ``placing`` -> ``estimation`` -> ``significance`` -> ``results``; ``measure`` goes the whole way."""
