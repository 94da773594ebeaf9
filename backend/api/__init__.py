"""Wire types of the control API and its typed asynchronous client."""
