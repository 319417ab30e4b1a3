"""Tables printed by the command line: file formats, and the layout on a terminal."""
