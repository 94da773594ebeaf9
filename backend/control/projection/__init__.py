"""The node's state as documents and rows of the wire: pure functions, quick for 500 nodes x 1,000 archives."""
