"""Make the project's virtual environment, or bring it up to date: the step that every script begins with.

Nothing is installed while pyproject.toml and the constraints are as they were at the last install.
Kept to what an older Python can read, so that it looks for a newer one instead of failing at the syntax.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed"  # from what, for which folder, with which extras; written last: without it, half made
CONSTRAINTS = ROOT / "scripts" / "constraints.txt"
OLD = "import sys; sys.exit(sys.version_info < (3, 11))"


def python(*extras):
    """The environment's Python, with the project and these extras installed in it."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this very file may be run by an older one
        begin_again_with_a_newer_python()
    executable = VENV / "bin" / "python"
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # of two scripts started at once, the second waits and finds it done
        installed = STAMP.read_text().splitlines() if STAMP.exists() and executable.exists() else ["", ""]
        made_here = installed[1] == str(ROOT)  # a folder that was moved or copied has the old paths inside
        present = installed[2:] if made_here else []
        wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + CONSTRAINTS.read_bytes()).hexdigest()
        if made_here and installed[0] == wanted and set(extras) <= set(present):
            return str(executable)
        present = sorted({*present, *extras})
        print("firstdegree: installing into .venv, once ...", file=sys.stderr, flush=True)
        STAMP.unlink(missing_ok=True)
        if not made_here:
            quietly([sys.executable, "-m", "venv", "--clear", str(VENV)])
        project = f".[{','.join(present)}]" if present else "."
        quietly([str(executable), "-m", "pip", "install", "--constraint", str(CONSTRAINTS), "--editable", project])
        STAMP.write_text("\n".join([wanted, str(ROOT), *present]))
    finally:
        os.close(folder)
    return str(executable)


def begin_again_with_a_newer_python():
    """Run the same script with a newer Python. Found is not enough: some machines have commands that only say so."""
    for name in ("python3.14", "python3.13", "python3.12", "python3.11"):
        found = shutil.which(name)
        if found and subprocess.call([found, "-c", OLD], stderr=subprocess.DEVNULL) == 0:
            os.execv(found, [found, *sys.argv])
    sys.exit("firstdegree needs Python 3.11 or newer; python3 here is " + sys.version.split()[0])


def quietly(command):
    """Run in the project's folder, and show what was said only if it failed."""
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.stderr.buffer.write(done.stdout)
        sys.exit("firstdegree: the environment could not be made: " + " ".join(command))
