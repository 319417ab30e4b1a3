"""Events to rows of the panel: their table, their day 0 and the rows of their windows."""
