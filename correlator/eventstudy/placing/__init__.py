"""Events to rows of the panel: the event table, day 0 and the rows of every window."""
