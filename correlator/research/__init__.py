"""The one room that reads the store for studies, placebos, correlations and figures."""
