"""The few signs that the console draws with beside the cells' own, and their ASCII stand-ins.

All are of East Asian width Neutral (a test checks it), unlike the usual box lines, arrows and the ellipsis.
"""

from dsync_tui.wrapping import CUT as CUT

CUT_DOWN = "⋮"
"""The same, in a text that runs downwards."""
RULE = "╎"
"""Between areas that stand side by side."""
DASH = "╌"
"""A horizontal rule, and the row of a node that is out of reach."""
POINTER = "▸"
"""Marks the cursor's row."""
GOOD = "✓"
"""A check that passed."""
BAD = "✗"
"""A check that did not."""
FROM = "«"
"""Before the source of a transfer."""

ASCII: dict[int, str] = str.maketrans(
    {
        CUT: "~",
        CUT_DOWN: ":",
        RULE: "|",
        DASH: "-",
        POINTER: ">",
        GOOD: "+",
        BAD: "x",
        FROM: "<",
    }
)
"""Translation for ``--ascii``: only the console's own signs; text from outside stays what it is."""
