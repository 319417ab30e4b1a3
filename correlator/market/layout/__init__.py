"""Recognise the columns of a raw table: by layouts from data files, or by its shape alone."""
