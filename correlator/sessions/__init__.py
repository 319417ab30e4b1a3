"""Sessions of exchanges: their calendars, what is put right in them, and the bars within a session."""
