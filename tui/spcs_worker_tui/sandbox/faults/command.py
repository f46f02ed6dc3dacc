"""`sandbox fault …`: faults of a running sandbox, from another terminal.

Only the standard library is imported: this asks an address, and that is all.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.sandbox.demo.home import CONTROL
from spcs_worker_tui.sandbox.faults.words import HARMS, KINDS, ON, PREFECT_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - no public name

EXIT_USAGE = 64
EXIT_UNAVAILABLE = 69
_SECONDS = 30.0
_REFUSED = 422


def add_fault_commands(commands: Commands) -> None:
    """Add `fault` and its own commands."""
    group = commands.add_parser(
        "fault", help="make things go wrong in a running sandbox", allow_abbrev=False
    ).add_subparsers(required=True, metavar="COMMAND")
    _add_snowflake(group)
    _add_prefect(group)
    worker = _add(group, "worker", "in the containers of a service", _set("worker"))
    worker.add_argument("kind", choices=HARMS, metavar="KIND", help=_one_of(HARMS))
    worker.add_argument("service", metavar="SERVICE", help="[[DATABASE.]SCHEMA.]NAME")
    worker.add_argument("--connection", required=True, metavar="NAME", help="where it is")
    _add(group, "list", "which faults are on", lambda options: _ask(options, "GET"))
    _add(group, "clear", "end them all", lambda options: _ask(options, "DELETE"))


def _add_snowflake(group: Commands) -> None:
    parser = _add(group, "snowflake", "between clients and the accounts", _set("snowflake"))
    parser.add_argument("kind", choices=KINDS, metavar="KIND", help=_one_of(KINDS))
    parser.add_argument(
        "--connection", default="", metavar="NAME", help="only this one's (default: everyone's)"
    )
    parser.add_argument("--on", choices=ON, default="any", help="only these requests")
    parser.add_argument(
        "--statement", default="", metavar="PREFIX", help="only statements that begin like this"
    )
    parser.add_argument(
        "--seconds", type=float, default=0.0, help="of a delay, or how far the clock is ahead"
    )
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="only each N-th that fits"
    )
    parser.add_argument(
        "--times", type=int, default=0, metavar="N", help="over after N (default: without end)"
    )
    parser.add_argument(
        "--lasts",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="over after so long (default: without end)",
    )


def _add_prefect(group: Commands) -> None:
    parser = _add(group, "prefect", "between clients and Prefect", _set("prefect"))
    parser.add_argument("kind", choices=PREFECT_KINDS, metavar="KIND", help=_one_of(PREFECT_KINDS))
    parser.add_argument(
        "--seconds", type=float, default=0.0, help="of slow, or how far the clock is ahead"
    )
    parser.add_argument(
        "--retry-after", type=int, default=1, metavar="SECONDS", help="what a 429 says"
    )
    parser.add_argument("--workers-only", action="store_true", help="dashboards are spared")
    parser.add_argument(
        "--path", default="", help="only requests with this in their path (default: all)"
    )


def _add(group: Commands, name: str, what: str, run: Any) -> argparse.ArgumentParser:
    parser = group.add_parser(name, help=what, allow_abbrev=False)
    parser.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        help="the directory that `sandbox serve` printed (default: SNOWFLAKE_HOME)",
    )
    parser.set_defaults(run=run)
    return parser


def _one_of(words: tuple[str, ...]) -> str:
    return "one of " + ", ".join(words)


def _set(at: str) -> Any:
    def run(options: argparse.Namespace) -> int:
        said = {name: value for name, value in vars(options).items() if name not in ("run", "home")}
        return _ask(options, "POST", {"at": at, **said})

    return run


def _ask(options: argparse.Namespace, method: str, said: Mapping[str, Any] | None = None) -> int:
    """Ask the sandbox, and print which faults are on afterwards."""
    home = options.home or Path(os.environ.get("SNOWFLAKE_HOME", "")).expanduser()
    try:
        control = json.loads((home / CONTROL).read_text())
    except (OSError, ValueError):
        return _complain(
            f"there is no sandbox in {home}: name the directory that it printed with --home",
            EXIT_USAGE,
        )
    request = urllib.request.Request(  # noqa: S310 - the address is the sandbox's own, on loopback
        f"{control['url']}/sandbox/faults",
        method=method,
        data=None if said is None else json.dumps(said).encode(),
        headers={"Authorization": f"Bearer {control['control_token']}"},
    )
    # No proxy: it is this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_SECONDS) as answer:
            faults = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code != _REFUSED:
            return _complain(f"the sandbox refused: {error}", EXIT_UNAVAILABLE)
        return _complain(json.load(error)["message"], EXIT_USAGE)
    except (OSError, ValueError) as error:
        return _complain(f"the sandbox does not answer: {error}", EXIT_UNAVAILABLE)
    for line in _lines(faults):
        sys.stdout.write(line + "\n")
    return 0


def _lines(faults: list[dict[str, Any]]) -> Iterator[str]:
    if not faults:
        yield "No fault is on."
    for fault in faults:
        words = [f"{name} {value}" for name, value in fault.items() if value and name not in _BARE]
        yield " ".join([fault["at"], fault["kind"], *words])


_BARE = frozenset({"at", "kind", "number"})


def _complain(message: str, status: int) -> int:
    sys.stderr.write(f"spcs-worker-tui sandbox fault: {message}\n")
    return status
