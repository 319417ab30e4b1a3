"""What every room uses: files, frames, addresses, limits, progress, and the one place that opens DuckDB."""
