"""Hold the length caps: files of at most 600 lines, functions of at most 50."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_CAP_LINES = 600
FUNCTION_CAP_LINES = 50
SOURCE_FOLDERS = ("backend", "benchmarks", "dsync_tui", "tests", "tools")


def python_files(root: Path) -> Iterator[Path]:
    """Yield all Python files of the project below ``root``, in order."""
    for folder in SOURCE_FOLDERS:
        yield from sorted((root / folder).rglob("*.py"))


def over_cap(path: Path) -> Iterator[str]:
    """Yield one line per cap that the file at ``path`` breaks."""
    source = path.read_text(encoding="utf-8")
    lines = source.count("\n")
    if lines > FILE_CAP_LINES:
        yield f"{path}: {lines} lines, at most {FILE_CAP_LINES}"
    for node in ast.walk(ast.parse(source, filename=str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION_CAP_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines, at most {FUNCTION_CAP_LINES}"


def main() -> int:
    """Print every breach; return 1 if there is one."""
    breaches = [line for path in python_files(Path()) for line in over_cap(path)]
    for line in breaches:
        print(line)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
