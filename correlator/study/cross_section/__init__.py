"""What made the difference between events: confounds and features."""
