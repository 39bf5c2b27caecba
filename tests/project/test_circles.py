"""No file imports another that leads back to it: also not for annotations alone, nor inside a function."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("domain", "projections", "infrastructure")


def modules() -> dict[str, Path]:
    """Every file by its module's name, but for the faces of packages, which only hand on what their files hold."""
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if path.name != "__init__.py"]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in files}


def imports(source: str) -> set[str]:
    """The names that a file's import statements may stand for, wherever these are."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_no_circles_of_imports() -> None:
    known = modules()
    graph = {name: imports(path.read_text(encoding="utf-8")) & set(known) - {name} for name, path in known.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" <- ".join(circle.args[1]), pytrace=False)


def test_imports_are_found_wherever_they_stand() -> None:
    source = """
from __future__ import annotations
import infrastructure.app
if TYPE_CHECKING:
    from domain.decision import Facts
def late():
    from infrastructure.cli import output
"""
    assert {"infrastructure.app", "domain.decision", "infrastructure.cli.output"} <= imports(source)
