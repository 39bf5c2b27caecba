"""What the installed command runs first."""

import signal
from importlib import import_module


def start() -> None:
    """Run the command line. Until it can say that it was interrupted, an interrupt ends the process as it ends others:
    loading its modules takes a moment, in which Python would show where it was."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    import_module("infrastructure.cli.main").main()
