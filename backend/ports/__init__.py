"""Protocols between the engine and the world, each with an in-memory fake that passes the same conformance suite."""
