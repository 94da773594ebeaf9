"""What hygiene tests read: the project's own Python modules as syntax trees, its text files, its commands."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def modules(folder: str) -> Iterator[tuple[Path, ast.Module]]:
    """Yield path and syntax tree of every module below ``folder``."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def module_names(package: str) -> list[str]:
    """Return the dotted names of ``package`` and of all modules inside it, ``__main__`` left out."""
    folder = ROOT / package.replace(".", "/")
    names = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1] == "__main__":
            continue
        names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


def tracked_files() -> list[Path]:
    """Return every file that git tracks, or would."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=30,
    )
    paths = (ROOT / name for name in told.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


def strings_of(node: ast.expr) -> list[str]:
    """Return the strings that an expression may be: a literal, or either side of a conditional."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return strings_of(node.body) + strings_of(node.orelse)
    return []
