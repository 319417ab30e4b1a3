"""The fitted models: features, the encoder, roles, confidence."""
