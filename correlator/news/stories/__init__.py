"""Group articles that report the same story."""
