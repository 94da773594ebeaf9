"""The loopback fleet: real daemons, archives and runtimes that all end with the command that started them."""
