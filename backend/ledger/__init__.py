"""The SQLite database in which a node's state lives, its lock and its migrations."""
