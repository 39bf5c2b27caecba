"""Measure the network side by side with its peers and limits, each pair in one run, taking turns."""

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import (
    asking_threads,
    commands_growth,
    commands_of_the_connected,
    commands_single,
    commands_together,
    degrees_of_many,
    feed_pages,
    history_import,
    mutual_connections,
    rebuild,
    replay,
    report,
    suggestions,
)
from benchmarks.machine import facts
from benchmarks.measuring import Context, Line, Skipped

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"
ROWS: dict[str, Callable[[Context], Iterator[Line]]] = {
    "together": commands_together.measure,
    "single": commands_single.measure,
    "growth": commands_growth.measure,
    "replay": replay.measure,
    "rebuild": rebuild.measure,
    "feed": feed_pages.measure,
    "degrees": degrees_of_many.measure,
    "mutual": mutual_connections.measure,
    "suggestions": suggestions.measure,
    "connected": commands_of_the_connected.measure,
    "threads": asking_threads.measure,
    "import": history_import.measure,
}


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description=__doc__,
        epilog="Real data is looked for in $FIRSTDEGREE_DATA, else in ../shared/data beside the project."
        " Ends with 1 if a row failed.",
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"which; all, if none is named: {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="small sizes: to see that all runs, not how fast")
    parser.add_argument("--seed", type=int, default=1, help="of everything drawn by chance (default 1)")
    parser.add_argument("--json", action="store_true", help="answer in JSON, one object a line")
    parser.add_argument("--write", action="store_true", help="put the results into docs/performance.md")
    options = parser.parse_args(given)
    unknown = set(options.rows) - set(ROWS)
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    if options.write and options.quick:
        parser.error("figures of a quick look are not written down")
    return options


def main() -> int:
    """Measure the rows that were asked for, in the table's order."""
    options = arguments()
    data = Path(os.environ.get("FIRSTDEGREE_DATA", ROOT.parent / "shared" / "data"))
    (ROOT / "build").mkdir(exist_ok=True)  # on the project's disk, and not in memory as temporary folders may be
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / "build"))
    folder.chmod(0o711)  # a database server that runs under an account of its own passes through
    measured: list[report.Measured] = []
    failed = False
    try:
        known = facts(folder) | {"seed": str(options.seed)}
        started = time.perf_counter()
        for row in (each for each in ROWS if not options.rows or each in options.rows):
            own = folder / row
            own.mkdir()
            context = Context(own, options.seed, options.quick, data, lambda what, row=row: _say(f"{row}: {what}"))
            _say(f"{row} ({time.perf_counter() - started:.0f} s)")
            try:
                measured += [(row, line) for line in ROWS[row](context)]
            except Skipped as reason:
                measured.append((row, Line("", missing=str(reason))))
            except Exception as error:  # noqa: BLE001 - one row that cannot be measured is shown, and does not cost the others
                traceback.print_exc()
                failed = True
                measured.append((row, Line("", missing=f"failed: {type(error).__name__}: {error}")))
            shutil.rmtree(own)
        _say(f"done ({time.perf_counter() - started:.0f} s)")
    finally:
        shutil.rmtree(folder)
    if options.json:
        print(report.as_json(measured, known))
    else:
        report.show(measured, known)
    if options.write and not failed:
        report.write(PAGE, list(ROWS), measured, known)
    return int(failed)


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
