"""Answers of commands as tables for people."""
