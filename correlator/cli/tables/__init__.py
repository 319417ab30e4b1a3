"""How a table leaves the command line: its forms, and how it looks on a terminal."""
