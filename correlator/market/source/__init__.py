"""Any file or frame of prices as one raw table, before anything in it is understood."""
