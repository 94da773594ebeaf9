"""Measurements of the whole: each benchmark is one file that prints one table, demanded beside measured."""
