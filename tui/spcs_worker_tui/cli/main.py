"""The entry point `spcs-worker-tui`: says what went wrong in one sentence, whatever went wrong."""

from __future__ import annotations

import contextlib
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import NoReturn

from spcs_worker_tui.cli.arguments import parse
from spcs_worker_tui.cli.console import PROGRAM, complain, say, sentence
from spcs_worker_tui.cli.exits import Exit
from spcs_worker_tui.domain.errors import ConfigurationError, FleetError

DEBUG = "SPCS_WORKER_TUI_DEBUG"
"""Set to anything, this variable makes an unexpected error show where it came from."""

_CLOSED_PIPE = 141
"""128 and SIGPIPE, as shells count it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program.

    Args:
        argv: Arguments without the program's name; those of the process by default.

    Returns:
        The exit status.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal may know fewer characters than we
    try:
        if arguments[:1] == ["sandbox"]:
            return _sandbox(arguments[1:])
        status = _run(parse(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _CLOSED_PIPE
    except FleetError as error:
        complain(error)
        return Exit.USAGE if isinstance(error, ConfigurationError) else Exit.UNKNOWN
    except Exception as error:  # noqa: BLE001 - the last resort: a user never sees a traceback
        return _defect(error)
    return status


def _run(options: Namespace) -> int:
    """Each command imports what it needs, and no more."""
    from spcs_worker_tui.cli.place import Place  # noqa: PLC0415

    with Place(sandbox=options.sandbox) as place:
        if options.command is None and not options.check:
            from spcs_worker_tui.cli.dashboard import run_dashboard  # noqa: PLC0415

            return run_dashboard(options, place)
        place.prepare()
        if options.check:
            from spcs_worker_tui.cli.check import run_check  # noqa: PLC0415

            return run_check(options)
        run: Callable[[Namespace], int] = options.run
        return run(options)


def _sandbox(arguments: Sequence[str]) -> int:
    from spcs_worker_tui.sandbox.__main__ import main as serve  # noqa: PLC0415

    return serve(arguments)


def _defect(error: Exception) -> int:
    say(f"{PROGRAM}: unexpected {type(error).__name__}: {sentence(str(error))}")
    if os.environ.get(DEBUG):
        import traceback  # noqa: PLC0415

        say("".join(traceback.format_exception(error)))
    else:
        say(f"  This is a defect. Set {DEBUG}=1 to see where it happened.")
    return Exit.INTERNAL


def run() -> NoReturn:
    """Run the program as a process, and end it at once.

    Everything is closed by then. The connector's core and a keyring that hangs leave threads
    behind, and one of those can touch the interpreter while it is torn down, which ends it with
    SIGABRT instead of the exit status.
    """
    status = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    run()
