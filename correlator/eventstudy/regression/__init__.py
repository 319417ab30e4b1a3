"""Abnormal returns regressed on what the events were: formulas, designs, errors."""
