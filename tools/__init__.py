"""Developers' helpers behind ./dev: length caps and generated documents."""
