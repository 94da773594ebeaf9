"""Container runtimes by their command line: docker and podman, and the choice between them."""
