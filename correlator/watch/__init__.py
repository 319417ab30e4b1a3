"""Poll, store and code feeds, and deliver one brief per new selected event."""
