"""The tree stays tidy: each ban says what to use instead."""

import ast
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("domain", "projections", "infrastructure")
PURE = ("domain", "projections")
EVERYWHERE = ("",)
TOP_LEVEL = {*PACKAGES, "tests", "scripts", "docs", "pyproject.toml", "README.md", ".ci", ".gitignore"}
NAMELESS = {"utils", "helpers", "common", "misc", "base"}
FOLDER_FILES_MAX = 20
LINES_MAX = {"domain": 300, "projections": 300, "infrastructure": 300, "tests": 400, "scripts": 400}


@dataclass(frozen=True)
class Ban:
    """A pattern that no line may hold, written so as not to match itself; the `~` in its example is left out."""

    what: str
    pattern: str
    where: tuple[str, ...]
    instead: str
    example: str
    excepted: tuple[str, ...] = ()
    ending: str = ".py"


BANS = [
    Ban("the clock", r"\bdatetime[.](utc)?now\(", PURE, "take `now` as an argument", "at = datetime~.now(UTC)"),
    Ban("the time", r"\btime[.](time|monotonic)(_ns)?\(", PURE, "take `now` as an argument", "time~.time()"),
    Ban("new ids", r"\buuid[1-8]\(", PURE, "take `new_id` as an argument", "uuid~4()"),
    Ban("chance", r"\brandom[.]\w", PURE, "let the caller choose", "random~.choice(members)"),
    Ban(
        "the eventsourcing library",
        r"^\s*(from|import) +eventsourcing\b",
        PACKAGES,
        "import from infrastructure.log.dcb, the one module that knows it",
        "from ~eventsourcing.dcb.api import DCBEvent",
        excepted=("infrastructure/log/dcb.py",),
    ),
    Ban("notes to self", r"\b(TOD[O]|FIXM[E]|XX[X])\b", EVERYWHERE, "do it, or write an issue", "TO~DO", ending=""),
    Ban("unfinished code", r"NotImplemented[E]rror", PACKAGES, "finish it, or leave it out", "NotImplemented~Error"),
    Ban("mocks", r"unittest[.]mock|MagicMoc[k]", ("tests",), "use the in-memory log", "from unittest~.mock import x"),
    Ban("patching", r"monkeypatch[.]setattr", ("tests",), "inject what varies", "monkeypatch~.setattr(app, 'x', 1)"),
    Ban("empty proof", r"\bassert\s+True\b", ("tests",), "assert what the test promises", "assert~ True"),
    Ban(
        "paths of one machine",
        r"(?<![\w.])/(wor[k]|far[m]|roo[t]|hom[e]|tm[p]/bash)(?![\w-])",
        EVERYWHERE,
        "a path from the project's folder, an option or an environment variable",
        "open('/wor~k/shared')",
        ending="",
    ),
    Ban(
        "addresses of registries",
        r"pypi[.]org|pythonhoste[d]|(index-ur[l]|find-link[s])\b",
        EVERYWHERE,
        "the name and version alone",
        "--index-~url=x",
        ending="",
    ),
]


def tracked() -> list[Path]:
    """The project's files, also those not yet added; without git (an unpacked archive), all but what tools made."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        made = re.compile(r"(^|/)(\.(?!ci/|gitignore$)|__pycache__/|build/|dist/)|\.db(-\w+)?$|\.egg-info/")
        listed = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*")]
        listed = [path for path in listed if not made.search(path)]
    return sorted(Path(path) for path in listed if path and (ROOT / path).is_file())


FILES = tracked()
MODULES = {
    ".".join(path.with_suffix("").parts).removesuffix(".__init__"): path
    for path in FILES
    if path.parts[0] in PACKAGES and path.suffix == ".py"
}


def text(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def is_python(path: Path) -> bool:
    return path.suffix == ".py" or (path.suffix == "" and text(path).startswith("#!/usr/bin/env python3"))


def in_folder(path: Path, folders: tuple[str, ...]) -> bool:
    return "" in folders or path.parts[0] in folders


def report(found: list[str], instead: str) -> None:
    """Fail, if anything was found, with all of it; where this stands in the code is of no interest."""
    if found:
        pytest.fail("\n".join([*found, f"instead: {instead}"]), pytrace=False)


@pytest.mark.parametrize("ban", BANS, ids=lambda ban: ban.what)
def test_banned(ban: Ban) -> None:
    pattern = re.compile(ban.pattern)
    assert pattern.search(ban.example.replace("~", "")), "the ban does not find its own example"
    found = [
        f"{path}:{number}: {line.strip()}"
        for path in FILES
        if in_folder(path, ban.where) and path.as_posix() not in ban.excepted
        if not ban.ending or is_python(path)
        for number, line in enumerate(text(path).splitlines(), 1)
        if pattern.search(line)
    ]
    report(found, ban.instead)


def test_names_say_something() -> None:
    found = [str(path) for path in FILES if {part.split(".")[0].lower() for part in path.parts} & NAMELESS]
    report(found, "name the file for what it is about")


def test_top_level_holds_only_what_belongs_there() -> None:
    report(sorted({path.parts[0] for path in FILES} - TOP_LEVEL), f"one of {sorted(TOP_LEVEL)}")


def test_files_are_short() -> None:
    lengths = {path: len(text(path).splitlines()) for path in FILES if is_python(path)}
    found = [f"{path}: {count} lines" for path, count in lengths.items() if count > LINES_MAX.get(path.parts[0], 300)]
    report(found, "two files, a concept each")


def test_folders_are_small() -> None:
    files = Counter(path.parent.as_posix() for path in FILES if is_python(path) and path.name != "__init__.py")
    found = [f"{folder}: {count} files" for folder, count in files.items() if count > FOLDER_FILES_MAX]
    report(found, "a folder for those that belong together")


def says_nothing(body: list[ast.stmt]) -> bool:
    """Only `pass`, `...` or `continue`, after a docstring or not."""
    rest = body[1:] if ast.get_docstring(ast.Module(body, [])) is not None else body
    nothing = [isinstance(each, ast.Pass | ast.Continue) or ast.unparse(each) == "..." for each in rest]
    return bool(rest) and all(nothing)


def stubs(tree: ast.AST) -> Iterator[ast.stmt]:
    """Functions and classes without a body, save what a Protocol, an overload or an abstract method only declares."""
    for node in ast.iter_child_nodes(tree):
        declares = isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(each) for each in node.bases)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and says_nothing(node.body):
            marks = " ".join(ast.unparse(each) for each in node.decorator_list)
            if not declares and "overload" not in marks and "abstractmethod" not in marks:
                yield node
        elif not declares:
            yield from stubs(node)


def swallows(tree: ast.AST) -> Iterator[ast.ExceptHandler]:
    """Handlers of everything: bare ones, and those that go on as if nothing had been."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            wide = node.type is not None and re.search(r"\b(Base)?Exception\b", ast.unparse(node.type))
            if node.type is None or (wide and says_nothing(node.body)):
                yield node


def test_nothing_is_only_a_stub() -> None:
    found = [f"{path}:{node.lineno}" for path in MODULES.values() for node in stubs(ast.parse(text(path)))]
    report(found, "write the body; an empty class has a docstring")


def test_no_error_is_swallowed() -> None:
    python = [path for path in FILES if is_python(path)]
    found = [f"{path}:{node.lineno}" for path in python for node in swallows(ast.parse(text(path)))]
    report(found, "catch the error that is expected; let the others stop the program and be seen")


def without_reason(line: str) -> bool:
    """Whether a line begins a handler of everything and has no comment that says why."""
    wide = re.match(r"\s*except\b.*\b(Base)?Exception\b[^#]*:(?P<rest>.*)$", line)
    return wide is not None and not re.search(r"# *(noqa: BLE001 - )?\w+ \w+", wide["rest"])


def test_handlers_of_everything_give_their_reason() -> None:
    assert without_reason("except (BaseException, KeyError) as error:  # noqa: BLE001")
    assert not without_reason("except Exception:  # noqa: BLE001 - it is asserted on below")
    found = [
        f"{path}:{number}: {line.strip()}"
        for path in FILES
        if is_python(path) and path.name != "test_tidy.py"
        for number, line in enumerate(text(path).splitlines(), 1)
        if without_reason(line)
    ]
    report(found, "catch the error that is expected; else say on the same line why everything is caught")


def test_stubs_and_swallowed_errors_are_found() -> None:
    source = """
class Empty: pass
class Store(Protocol):
    def read(self): ...
def later():
    '''Some day.'''
    ...
try: later()
except Exception: pass
except: raise
"""
    tree = ast.parse(source)
    assert [node.lineno for node in stubs(tree)] == [2, 5]
    assert [node.lineno for node in swallows(tree)] == [9, 10]


def named_in(path: Path) -> set[str]:
    """The project's modules that a file imports, or names in a string (as the choice of a recorder does)."""
    package = path.parent.parts
    names: set[str] = set()
    for node in ast.walk(ast.parse(text(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            start = ".".join(filter(None, [above, node.module]))
            names |= {start, *(f"{start}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)
    inside = {".".join(name.split(".")[:depth]) for name in names for depth in range(1, name.count(".") + 2)}
    return inside & set(MODULES)


def test_no_module_is_dead() -> None:
    project = tomllib.loads(text(Path("pyproject.toml")))["project"]
    entries = {target.split(":")[0] for target in project["scripts"].values()}
    entries.add(
        "infrastructure.log.library_factories"
    )  # named by PERSISTENCE_MODULE, in the environment of who uses it
    reached: set[str] = set()
    ahead = entries & set(MODULES) | {
        name for path in FILES if path.parts[0] == "scripts" and is_python(path) for name in named_in(path)
    }
    while ahead:
        reached |= ahead
        ahead = {name for module in ahead for name in named_in(MODULES[module])} - reached
    dead = [str(path) for name, path in MODULES.items() if name not in reached and path.name != "__init__.py"]
    report(dead, f"delete it, or use it: it is not reached from {sorted(entries)} or a script")
