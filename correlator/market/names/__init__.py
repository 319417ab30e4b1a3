"""Names of shares, exchanges and currencies, present and former."""
