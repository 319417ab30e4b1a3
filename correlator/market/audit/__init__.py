"""What bars say against themselves: arithmetic of prices, sessions and names, and who reads a file for it."""
