"""The data plane by rsync: the read-only door that others fetch through, and the transport that fetches."""
