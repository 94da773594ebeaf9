"""Random walks through the console: ``./dev fuzz``."""
