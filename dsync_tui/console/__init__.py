"""The terminal console: a picture of the fleet that people read all day and act on with single keys.

Nothing is imported here: who needs a part of it (commands do) is not to load the whole.
"""
