"""Colour themes of the console, one TOML file each."""
