"""A picture on a terminal that is painted over as it changes: in place, calmly, with nothing to put back at the end.

No alternate screen and no hidden cursor outlive a frame. A frame is one write, during which the cursor is hidden and a
terminal that can do so holds its picture still (synchronised output); whatever ends the program finds the terminal as
it was. What has not changed is not written.
"""

from typing import TYPE_CHECKING

from dsync_tui.wrapping import CUT

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_BEGIN, _END = "\x1b[?2026h\x1b[?25l", "\x1b[?25h\x1b[?2026l"
_REST_OF_LINE, _REST_OF_SCREEN, _CLEAR = "\x1b[K", "\x1b[J", "\x1b[2J\x1b[H"


class Repaint:
    """Paints one picture after the other on the terminal of ``console``."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._lines: list[str] = []
        self._size: tuple[int, int] | None = None

    def show(self, picture: "RenderableType") -> None:
        """Paint the picture, as much of it as fits. Raises OSError where the terminal has gone."""
        size = self._console.width, self._console.height
        lines = self._drawn(picture, size[1])
        if lines == self._lines and size == self._size:
            return
        frame = [_BEGIN]
        before = self._lines
        if self._size is not None and size != self._size:
            # Terminals break lines anew when they are made narrower: where ours are now nobody knows.
            frame.append(_CLEAR)
            before = []
        elif before:
            frame.append(f"\r\x1b[{len(before)}A")
        for number, line in enumerate(lines):
            # Erased before it is written: behind a line of full width the cursor still stands on its last character.
            kept = number < len(before) and before[number] == line
            frame.append("\n" if kept else f"{_REST_OF_LINE}{line}\n")
        frame += [_REST_OF_SCREEN, _END]
        self._lines, self._size = lines, size
        self._console.file.write("".join(frame))
        self._console.file.flush()

    def _drawn(self, picture: "RenderableType", height: int) -> list[str]:
        with self._console.capture() as captured:
            self._console.print(picture)
        lines = captured.get().removesuffix("\n").split("\n")
        most = max(1, height - 1)
        return lines if len(lines) <= most else [*lines[: most - 1], CUT]
