"""`python -m spcs_worker_tui.sandbox serve`: a sandbox in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.faults.command import add_fault_commands

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.world import World, WorldSettings

_FLEETS = ("demo", "empty", "simulated")
_SPEEDS = ("instant", "demo", "realistic")
_MOST_SERVICES = 100_000
_HIGHEST_PORT = 65535
_LONGEST_HEARTBEAT = 3600

EXIT_USAGE = 64
EXIT_UNAVAILABLE = 69
EXIT_CANNOT_CREATE = 73


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Arguments behind `sandbox`; those of the process by default.

    Returns:
        The exit status.
    """
    try:
        options = _parser().parse_args(argv)
    except SystemExit as ending:
        return EXIT_USAGE if ending.code else 0
    status: int = options.run(options)
    return status


def _run(options: argparse.Namespace) -> int:
    try:
        from spcs_worker_tui.sandbox.world import World  # noqa: PLC0415
    except ModuleNotFoundError as error:
        return _complain(
            f"the sandbox needs the package {error.name}: install spcs-worker-tui[sandbox]",
            EXIT_UNAVAILABLE,
        )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        asyncio.run(_serve(World(_settings(options)), for_parent=options.for_parent))
    except FileExistsError as error:
        return _complain(f"{error}: choose another --home", EXIT_CANNOT_CREATE)
    except (OSError, ValueError) as error:
        return _complain(str(error), EXIT_CANNOT_CREATE)
    return 0


def _complain(message: str, status: int) -> int:
    sys.stderr.write(f"spcs-worker-tui sandbox: {message}\n")
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spcs-worker-tui sandbox",
        description="A local stand-in for Snowflake, with a real Prefect server and real workers.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="run it until Ctrl-C", allow_abbrev=False)
    serve.add_argument(
        "--fleet",
        choices=_FLEETS,
        default="demo",
        help="what is in it: two accounts with nine services (demo), one new account (empty), "
        "or as many played workers as you like (simulated)",
    )
    serve.add_argument(
        "--services", type=_count(_MOST_SERVICES), default=50, help="of a simulated fleet"
    )
    serve.add_argument("--accounts", type=_count(1000), default=1, help="of a simulated fleet")
    serve.add_argument(
        "--work-pools",
        type=_count(_MOST_SERVICES),
        metavar="COUNT",
        help="of a simulated fleet (default: one for each account)",
    )
    serve.add_argument(
        "--heartbeat",
        type=_count(_LONGEST_HEARTBEAT),
        default=180,
        metavar="SECONDS",
        help="of a simulated fleet's workers (default: 180)",
    )
    serve.add_argument(
        "--speed",
        choices=_SPEEDS,
        default="demo",
        help="how long nodes, pulls and restarts take",
    )
    serve.add_argument("--no-prefect", action="store_true", help="without a Prefect server")
    serve.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        help="where connections.toml goes: an empty or new directory, removed at the end "
        "(default: a temporary one)",
    )
    serve.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    serve.add_argument("--port", type=_count(_HIGHEST_PORT), default=0, help="default: a free one")
    serve.add_argument("--for-parent", action="store_true", help=argparse.SUPPRESS)
    serve.set_defaults(run=_run)
    add_fault_commands(commands)
    return parser


def _count(most: int) -> Callable[[str], int]:
    """A whole number from 1 up to a limit."""

    def count(text: str) -> int:
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"not a whole number from 1 to {most}: {text}")
        return int(text)

    return count


def _settings(options: argparse.Namespace) -> WorldSettings:
    from spcs_worker_tui.sandbox.server import SandboxSettings  # noqa: PLC0415
    from spcs_worker_tui.sandbox.world import (  # noqa: PLC0415
        FleetKind,
        Speed,
        WorldSettings,
    )

    home = options.home or Path(tempfile.mkdtemp(prefix="spcs-worker-tui-sandbox-"))
    return WorldSettings(
        home=home.absolute(),
        fleet=FleetKind(options.fleet),
        accounts=options.accounts,
        services=options.services,
        work_pools=options.work_pools,
        heartbeat=options.heartbeat,
        speed=Speed(options.speed),
        prefect=not options.no_prefect,
        server=SandboxSettings(host=options.host, port=options.port),
    )


async def _serve(world: World, *, for_parent: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    if for_parent:
        threading.Thread(target=_wait_for_parent, args=(loop, stop), daemon=True).start()
    try:
        await world.start()
        _say(_ready(world) if for_parent else _welcome(world))
        await stop.wait()
    finally:
        await world.stop()


def _wait_for_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(0, 1024):
        pass
    loop.call_soon_threadsafe(stop.set)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _ready(world: World) -> str:
    return json.dumps(
        {
            "home": str(world.settings.home),
            "url": world.server.url,
            "prefect_api_url": world.gate.api_url if world.settings.prefect else None,
            "connections": world.connections,
            "control_token": world.server.settings.control_token,
        }
    )


def _welcome(world: World) -> str:
    lines = [
        f"The sandbox answers on {world.server.url}; saved connections: "
        + ", ".join(world.connections),
    ]
    if world.settings.prefect:
        lines.append(f"Prefect is starting on {world.gate.api_url}")
    return "\n".join(
        [
            *lines,
            "",
            "In another terminal:",
            f"  export SNOWFLAKE_HOME={world.settings.home}",
            "  spcs-worker-tui",
            f"  snow spcs service list -c {world.connections[0]}",
            "",
            "Ctrl-C stops and removes all of it.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
