"""The README is true: its command lines and its Python are run, and say what stands there."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RUN = "from infrastructure.cli.main import main; main()"
LINES_MAX = 90


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def command_lines() -> Iterator[tuple[str, str]]:
    """Each command of the console blocks, and what it says there."""
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, said = part.partition("\n")
            yield line, said


def pattern(said: str) -> str:
    """A regular expression of an output: `...` is anything, and how long something took is not compared."""
    exact = re.escape(said.rstrip())
    anything = exact.replace(re.escape("..."), r"[\s\S]*?")
    return re.sub(r"\d+\\\.\d\\ s\b", r"\\d+\\.\\d s", anything) + r"\s*"


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= LINES_MAX


def test_its_command_lines_say_what_stands_there(tmp_path: Path) -> None:
    lines = list(command_lines())
    assert len(lines) > 5
    environment = {name: value for name, value in os.environ.items() if name != "FIRSTDEGREE_DB"}
    environment["PYTHONPATH"] = str(ROOT)
    for line, said in lines:
        # scripts/demo is the installed command's demo, after making the environment that the tests run in already.
        program, *arguments = shlex.split(line.replace("scripts/demo", "firstdegree demo"))
        assert program == "firstdegree"
        done = subprocess.run(
            [sys.executable, "-c", RUN, *arguments],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert re.fullmatch(pattern(said), done.stdout), f"{line}\n{done.stdout}"


def test_its_python_prints_what_stands_there(tmp_path: Path) -> None:
    for block in blocks("python"):
        expected = re.findall(r"print\(.*\)  # (.*)$", block, re.MULTILINE)
        done = subprocess.run(
            [sys.executable, "-c", block],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.splitlines() == expected


def test_what_it_names_is_there() -> None:
    for path in re.findall(r"\]\((\S+?)\)", README):
        assert (ROOT / path).exists(), path
    for _, folder in re.findall(r"(file in) `(\w+)/`", README):
        table = README.split(f"file in `{folder}/`")[1].split("\n\n")[0]
        for cell in re.findall(r"\| ([^|]+) \|$", table, re.MULTILINE):
            for name in cell.split(", "):
                assert name.startswith("---") or (ROOT / folder / f"{name}.py").exists(), name
