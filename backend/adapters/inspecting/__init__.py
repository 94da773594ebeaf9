"""Reading image archives: both hashes in one read, and what the tar inside holds."""
