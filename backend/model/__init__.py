"""Frozen values of the field: archives, deliveries, nodes, messages, events, commands and the error tree."""
