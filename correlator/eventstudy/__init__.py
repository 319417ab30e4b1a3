"""Event studies: panel, placing, estimation, significance, results; ``measure`` goes the whole way."""
