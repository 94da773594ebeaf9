"""The control API's server on the Unix socket, one handler a file."""
