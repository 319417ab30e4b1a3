"""What the columns of a raw table are: layouts from data files, and the shapes that need none."""
