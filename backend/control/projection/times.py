"""Times as documents show them."""

from datetime import UTC, datetime


def iso_time(at: float) -> str | None:
    """ISO 8601 in UTC with whole seconds; None for 0, which stands for never."""
    if at <= 0:
        return None
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
