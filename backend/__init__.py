"""The dsync-tui daemon: engine, adapters and control API; `main` is the only place that knows every room."""
