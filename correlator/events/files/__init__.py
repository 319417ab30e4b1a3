"""Files of headlines and of events that somebody else coded."""
