"""The terminal console and the command line: clients of the control API, never of the engine."""
