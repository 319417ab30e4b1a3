"""Turn raw tables into bars and rejects: rows, labels, units and symbols."""
