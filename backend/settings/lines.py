"""On which line of a TOML text a key stands: ``tomllib`` doesn't say, and an operator wants to know."""

import re
from collections.abc import Mapping

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"([^"]*)"|'([^']*)'""")


def key_lines(text: str) -> Mapping[str, int]:
    """Return dotted key -> line number, tables and ``nodes[0]`` included.

    It reads lines, not TOML: what stands inside a multi-line value may be taken for a key, which adds
    entries that nobody asks for and harms none.
    """
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    prefix = ""
    for number, line in enumerate(text.splitlines(), start=1):
        table = _TABLE.fullmatch(line)
        if table is not None:
            prefix = _dotted(table[2])
            if table[1] == "[[":
                counts[prefix] = counts.get(prefix, -1) + 1
                prefix = f"{prefix}[{counts[prefix]}]"
            elif "." in prefix:
                prefix = _inside_latest(prefix, counts)
            lines.setdefault(prefix, number)
            continue
        key = _KEY.match(line)
        if key is not None:
            dotted = _dotted(key[1])
            lines.setdefault(f"{prefix}.{dotted}" if prefix else dotted, number)
    return lines


def line_of(lines: Mapping[str, int], key: str) -> int | None:
    """Return the line of ``key``, else of the nearest thing around it that has one."""
    while key:
        if key in lines:
            return lines[key]
        cut = max(key.rfind("."), key.rfind("["))
        key = key[:cut] if cut > 0 else ""
    return None


def _dotted(written: str) -> str:
    return ".".join(part[1] or part[2] or part[0].strip("\"'") for part in _PART.finditer(written))


def _inside_latest(prefix: str, counts: Mapping[str, int]) -> str:
    # [nodes.labels] after [[nodes]] belongs to the latest of them.
    head, _, tail = prefix.partition(".")
    return f"{head}[{counts[head]}].{tail}" if head in counts else prefix
