"""What a study is of: bars as arrays, events on bars, windows."""
