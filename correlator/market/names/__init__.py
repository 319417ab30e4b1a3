"""What shares, exchanges and currencies are called, now and before."""
