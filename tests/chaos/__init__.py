"""A fleet of real daemons under random troubles that a seed decides; at the end all must be well."""
