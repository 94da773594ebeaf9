"""One handler a file. ``routes`` lists them."""
