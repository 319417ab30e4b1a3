"""Any file or frame as one raw table, before anything in it is understood."""
