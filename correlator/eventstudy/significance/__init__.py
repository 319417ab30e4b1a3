"""Statistical tests of averages over events."""
