"""Bars from braille, whose width is Neutral; block elements are Ambiguous and break CJK terminals. Pure."""

_FULL, _HALF, _REST = "⣿", "⣇", "⣀"


def bar(share: float, width: int, ascii_only: bool) -> tuple[str, str]:
    """Draw a bar of ``width`` cells: its done and its remaining part."""
    share = min(1.0, max(0.0, share))
    if ascii_only:
        done = int(share * width)
        return "#" * done, "-" * (width - done)
    halves = int(share * width * 2)
    full, half = divmod(halves, 2)
    return _FULL * full + _HALF * half, _REST * (width - full - half)
