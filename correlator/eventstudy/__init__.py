"""Event studies: ``setup`` -> ``estimation`` -> ``significance``; ``run`` and ``run_matrix`` go the whole way."""
