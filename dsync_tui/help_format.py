"""``--help`` in lines that fit the terminal whatever the script: argparse counts characters, terminals count cells."""

import argparse

from dsync_tui.wrapping import wrap_cells


class CellFormatter(argparse.HelpFormatter):
    """argparse's formatter, but for how it breaks paragraphs; its other formatters differ at the same two places."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return list(wrap_cells(text, width))

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in wrap_cells(text, width - len(indent)))
