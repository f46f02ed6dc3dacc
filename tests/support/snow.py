"""Snowflake's own command line, run against a sandbox as its users run it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from spcs_worker_tui.sandbox.catalogue.executor import Executor
from spcs_worker_tui.sandbox.catalogue.model import Image
from spcs_worker_tui.sandbox.catalogue.platform import Platform
from spcs_worker_tui.sandbox.clock import WallClock
from spcs_worker_tui.sandbox.reconciler.delays import INSTANT
from spcs_worker_tui.sandbox.reconciler.reconciler import Reconciler
from spcs_worker_tui.sandbox.runtimes.choice import RuntimeChoice
from spcs_worker_tui.sandbox.runtimes.simulated import SimulatedRuntime
from support.catalogue import Lab, new_lab
from support.needs import need
from support.sandbox import RunningSandbox, running_sandbox

VERSION = "3.30"


def install_snow() -> Path:
    """The program, in an environment of its own that later runs of the tests find again."""
    place = Path(platformdirs.user_cache_dir("spcs-worker-tui-tests")) / f"snow-{VERSION}"
    program = place / "bin" / "snow"
    done = place / "installed"
    if done.exists() and program.exists():
        return program
    uv = shutil.which("uv")
    need(uv is not None, "uv, which installs the snow command line (pip install uv)")
    assert uv is not None
    python = place / "bin" / "python"
    subprocess.run(
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, place], check=True
    )
    subprocess.run(
        [
            *(uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python),
            f"snowflake-cli=={VERSION}.*",
        ],
        check=True,
    )
    done.touch()
    return program


def snow_environment(home: Path) -> dict[str, str]:
    """For a run of the program that neither asks nor tells anybody anything."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "SNOWFLAKE_HOME": str(home),
        # It would ask the package index for a newer version, and the cloud where it runs.
        "SNOWFLAKE_CLI_IGNORE_NEW_VERSION_WARNING": "true",
        "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true",
        "NO_PROXY": "127.0.0.1",
        "COLUMNS": "400",
    }


@dataclass
class Answer:
    """What a run of the program left."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The table that it printed as JSON; a table of one row may be an object."""
        found = json.loads(self.out)
        return found if isinstance(found, list) else [found]

    @property
    def text(self) -> str:
        """Everything that it printed, in one line: its boxes break sentences."""
        return " ".join((self.out + self.err).replace("│", " ").split())


class SnowProgram:
    """The installed program, with one home for all its runs.

    It is imported once and forked for each run (see `snow_driver`); `run_alone` starts it as a
    user does.
    """

    def __init__(self, program: Path, home: Path) -> None:
        self.program = program
        self.home = home
        driver = Path(__file__).with_name("snow_driver.py")
        self._turn = threading.Lock()
        self._driver = subprocess.Popen(
            [program.with_name("python"), driver],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=snow_environment(self.home),
        )

    def close(self) -> None:
        """End the driver."""
        self._driver.communicate()

    def run(self, words: Sequence[str], cwd: Path) -> Answer:
        """Run it once; others wait for their turn."""
        assert self._driver.stdin is not None
        assert self._driver.stdout is not None
        with self._turn:
            files = {"out": self.home / "out", "err": self.home / "err"}
            request = {"argv": words, "cwd": str(cwd), **{k: str(v) for k, v in files.items()}}
            self._driver.stdin.write(json.dumps(request) + "\n")
            self._driver.stdin.flush()
            status = int(self._driver.stdout.readline())
            return Answer(status, files["out"].read_text(), files["err"].read_text())

    def run_alone(self, words: Sequence[str], cwd: Path, typed: str = "") -> Answer:
        """Run it as a process that nothing was imported for; `typed` is its standard input."""
        done = subprocess.run(
            [self.program, *words],
            input=typed,
            capture_output=True,
            text=True,
            cwd=cwd,
            env=snow_environment(self.home),
            timeout=120,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)


@dataclass
class Snow:
    """The program, with the sandbox as its default connection."""

    program: SnowProgram
    sandbox: RunningSandbox
    lab: Lab
    platform: Platform

    async def run(
        self, *arguments: str, table: bool = True, cwd: Path | None = None, alone: bool = False
    ) -> Answer:
        """Run it. `table` asks for JSON; `alone` starts a process of its own for it."""
        words = [*arguments, *(["--format", "json"] if table else [])]
        run = self.program.run_alone if alone else self.program.run
        return await asyncio.to_thread(run, words, cwd or self.program.home)

    def connect_as(self, **changes: Any) -> None:
        """Change the connection: `role="ACCOUNTADMIN"`, `password="wrong"`."""
        keywords = self.sandbox.connection(
            database="D",
            schema="S",
            warehouse="COMPUTE_WH",
            enable_server_session_keep_alive_auto_detection=None,
        )
        lines = [f"{key} = {json.dumps(value)}" for key, value in (keywords | changes).items()]
        file = self.program.home / "config.toml"
        file.touch(0o600)
        file.write_text(
            'default_connection_name = "sandbox"\n\n[connections.sandbox]\n'
            + "\n".join(lines)
            + "\n"
        )

    async def ok(self, *arguments: str, **options: Any) -> Answer:
        """Run it; it has to succeed."""
        answer = await self.run(*arguments, **options)
        assert answer.status == 0, answer.text
        return answer

    async def settled(self, name: str, *statuses: str) -> None:
        """Wait until a service of D.S has one of these statuses."""
        service = self.lab.account.services["D", "S", name]
        assert await self.platform.reached(service, statuses, 20), service.status

    async def rows(self, *arguments: str, **options: Any) -> list[dict[str, Any]]:
        """Run it, and read the table."""
        return (await self.ok(*arguments, **options)).rows


@asynccontextmanager
async def running_snow(program: SnowProgram) -> AsyncIterator[Snow]:
    """A sandbox whose containers are simulated, and the program with a connection to it."""
    lab = new_lab()
    clock = WallClock()
    # The lab's clock stands still and its platform does nothing; this one is alive.
    simulated = SimulatedRuntime(clock)
    reconciler = Reconciler(lab.account, clock, RuntimeChoice((), simulated, simulated), INSTANT)
    lab.executor = Executor(lab.account, reconciler)
    repository = lab.account.image_repositories["D", "S", "REPO"]
    repository.images.append(
        Image("job", {"1.0"}, "sha256:" + "2" * 64, clock.now(), command="sim-job")
    )
    reconciler.start()
    try:
        async with running_sandbox(lab) as sandbox:
            snow = Snow(program, sandbox, lab, reconciler)
            snow.connect_as()
            yield snow
    finally:
        await reconciler.stop(0)
        await simulated.close()
