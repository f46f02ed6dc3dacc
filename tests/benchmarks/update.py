"""`update` with its wait, against `snow spcs service upgrade` and asking until it is through."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import snowflake.connector
import yaml

from benchmarks.check import PROGRAM, until
from benchmarks.measuring import environment, report
from spcs_worker_tui.sandbox.launch import LaunchedSandbox, launch
from support.snow import install_snow

RUNS = 5
INSTANCES = 2
LOOK_SECONDS = 0.05
SERVICE = "ANALYTICS.ORCHESTRATION.WORKER_0000"
VARIABLE = "BENCHMARK_RUN"


@dataclass(frozen=True)
class Run:
    """One way, once: seconds that it took, and how many of them the sandbox needed by itself."""

    whole: float
    transition: float

    @property
    def rest(self) -> float:
        return self.whole - self.transition


class Account:
    """The service, through a connection of its own."""

    def __init__(self, sandbox: LaunchedSandbox) -> None:
        saved = tomllib.loads((sandbox.home / "connections.toml").read_text())
        self._connection = snowflake.connector.connect(
            **saved[sandbox.connections[0]],
            enable_server_session_keep_alive_auto_detection=False,
        )

    def rows(self, statement: str) -> list[dict[str, Any]]:
        cursor = self._connection.cursor(snowflake.connector.DictCursor)
        return cursor.execute(statement).fetchall()

    def digest(self) -> str:
        """Of the specification that the service has."""
        return str(self.rows(f"DESCRIBE SERVICE {SERVICE}")[0]["spec_digest"])

    def is_through(self, digest: str) -> bool:
        """Whether every instance is READY on that specification."""
        rows = self.rows(f"SHOW SERVICE INSTANCES IN SERVICE {SERVICE}")
        return len(rows) == INSTANCES and all(
            (row["status"], row["spec_digest"]) == ("READY", digest) for row in rows
        )

    def specification(self) -> dict[str, Any]:
        """The deployed one, as one would write it."""
        found = yaml.safe_load(self.rows(f"DESCRIBE SERVICE {SERVICE}")[0]["spec"])
        for container in found["spec"]["containers"]:
            container.pop("sha256", None)  # only the server writes it
        return dict(found)

    def close(self) -> None:
        self._connection.close()


class Transition:
    """Sees how long the sandbox needs, from the statement to the last READY."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._before = account.digest()
        self.seconds = 0.0

    def watch(self) -> None:
        while (digest := self._account.digest()) == self._before:
            time.sleep(LOOK_SECONDS)
        began = time.perf_counter()
        while not self._account.is_through(digest):
            time.sleep(LOOK_SECONDS)
        self.seconds = time.perf_counter() - began


@contextmanager
def watched(account: Account) -> Iterator[Transition]:
    """What happens meanwhile; left when the sandbox is through."""
    transition = Transition(account)
    thread = threading.Thread(target=transition.watch, daemon=True)
    thread.start()
    yield transition
    thread.join()


class Bench:
    """Both ways, one specification after the other.

    Args:
        sandbox: With one played service.
        account: Of that sandbox.
        home: An empty directory.
    """

    def __init__(self, sandbox: LaunchedSandbox, account: Account, home: Path) -> None:
        self._account = account
        self._account.rows(
            f"ALTER SERVICE {SERVICE} SET MIN_INSTANCES = {INSTANCES} MAX_INSTANCES = {INSTANCES}"
        )
        self._file = home / "spec.yaml"
        self._env = environment(
            home, SNOWFLAKE_HOME=str(sandbox.home), SNOWFLAKE_CLI_IGNORE_NEW_VERSION_WARNING="true"
        )
        self._snow = [str(install_snow()), "spcs", "service"]
        self._where = ["-c", sandbox.connections[0]]
        self._count = 0
        until(lambda: self._account.is_through(self._account.digest()))

    def ours(self) -> Run:
        """One command."""
        return self._taken([*PROGRAM, "update", SERVICE, "--spec", str(self._file), "--yes"])

    def snow(self) -> Run:
        """One command, and then another one as often as it takes."""
        upgrade = [*self._snow, "upgrade", SERVICE, "--spec-path", str(self._file), *self._where]
        return self._taken(upgrade, asking=True)

    def _taken(self, command: Sequence[str], *, asking: bool = False) -> Run:
        self._write_another()
        before = self._account.digest()
        with watched(self._account) as transition:
            began = time.perf_counter()
            run(command, self._env)
            while asking and not self._is_through(before):
                pass
            whole = time.perf_counter() - began
        if not self._account.is_through(self._account.digest()):
            raise SystemExit(f"{command}: it ended before the service was through")
        if self._account.specification() != self._expected:
            raise SystemExit(f"{command}: the service has another specification")
        return Run(whole, transition.seconds)

    def _write_another(self) -> None:
        self._count += 1
        specification = self._account.specification()
        specification["spec"]["containers"][0]["env"][VARIABLE] = f"run {self._count}"
        self._file.write_text(yaml.safe_dump(specification))
        self._expected = specification

    def _is_through(self, before: str) -> bool:
        words = [*self._snow, "list-instances", SERVICE, "--format", "json", *self._where]
        rows = json.loads(run(words, self._env))
        return len(rows) == INSTANCES and all(
            row["status"] == "READY" and row["spec_digest"] != before for row in rows
        )


def run(command: Sequence[str], env: Mapping[str, str]) -> str:
    """What it printed; it has to succeed."""
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command}: exit status {done.returncode}\n{done.stderr}")
    return done.stdout


def main() -> None:
    """Print the figures."""
    with (
        tempfile.TemporaryDirectory() as home,
        launch(fleet="simulated", services=1) as sandbox,
        closing(Account(sandbox)) as account,
    ):
        bench = Bench(sandbox, account, Path(home))
        # Once each before anything counts; then in turn.
        bench.ours()
        bench.snow()
        pairs = [(bench.ours(), bench.snow()) for _ in range(RUNS)]
    for name, runs, target in (
        ("update, with its wait", [ours for ours, _ in pairs], "<= 2 s"),
        ("snow spcs service upgrade, and list-instances until READY", [b for _, b in pairs], "-"),
    ):
        whole, transition, rest = (
            median(getattr(one, field) for one in runs) for field in ("whole", "transition", "rest")
        )
        figure = f"+{rest:.1f} s ({whole:.1f} s, of which the sandbox {transition:.1f} s)"
        report(name, figure, target)


if __name__ == "__main__":
    sys.exit(main())
