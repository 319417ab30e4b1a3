"""Studies, placebo tests, correlations and figures of the store: the only package that reads the store for them."""
