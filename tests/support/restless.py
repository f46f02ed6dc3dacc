"""What people and machines do to a fleet all day: restarts, suspensions, new services and specs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import snowflake.connector

from support.large_site import LargeSite

_PATIENCE = 20
"""How often to let time pass until all services run again."""
_MARK = "BENCHMARK_ROUND"


class Restless:
    """Somebody else at work in the first account.

    Args:
        site: With at least four services there.
        connection: To that account.
    """

    def __init__(self, site: LargeSite, connection: Any) -> None:
        self._site = site
        self._connection = connection
        self._rounds = 0
        self._services = [self._name(row) for row in self._all()]

    def round(self, between: Callable[[], None]) -> None:
        """A container dies, a service is suspended and resumed, dropped and made anew, altered.

        Other services each time; in the end all of them are there and run.

        Args:
            between: Called after each of it.
        """
        self._rounds += 1
        dies, rests, anew, altered = (
            self._services[(4 * self._rounds + number) % len(self._services)] for number in range(4)
        )
        for act in (
            lambda: self._site.harm(self._site.connections[0], dies.rpartition(".")[2]),
            lambda: self._rows(f"ALTER SERVICE {rests} SUSPEND"),
            lambda: self._rows(f"ALTER SERVICE {rests} RESUME"),
            lambda: self._alter(altered),
            lambda: self._make_anew(anew, between),
        ):
            act()
            between()
        for _ in range(_PATIENCE):
            if self._all_run():
                return
            between()
        raise AssertionError("the fleet did not come to rest")

    def _all_run(self) -> bool:
        rows = self._all()
        return len(rows) == len(self._services) and all(
            row["status"] == "RUNNING" and row["current_instances"] == row["target_instances"]
            for row in rows
        )

    def _alter(self, service: str) -> None:
        """Another digest each time."""
        self._rows(
            f"ALTER SERVICE {service} FROM SPECIFICATION $${self._spec(service, self._rounds)}$$"
        )

    def _make_anew(self, service: str, between: Callable[[], None]) -> None:
        row = next(row for row in self._all() if self._name(row) == service)
        spec = self._spec(service, 0)
        self._rows(f"DROP SERVICE {service}")
        between()
        self._rows(
            f"CREATE SERVICE {service} IN COMPUTE POOL {row['compute_pool']} "
            f"FROM SPECIFICATION $${spec}$$ MIN_INSTANCES = 1 MAX_INSTANCES = 1"
        )

    def _spec(self, service: str, number: int) -> str:
        """What DESCRIBE shows is more than CREATE and ALTER take (contract 1.2)."""
        spec = str(self._rows(f"DESCRIBE SERVICE {service}")[0]["spec"])
        given = re.sub(rf"^\s*(sha256:|{_MARK}:).*\n", "", spec, flags=re.MULTILINE)
        return re.sub(
            r"^(\s*)PREFECT_WORK_POOL:", rf"\1{_MARK}: '{number}'\n\g<0>", given, flags=re.MULTILINE
        )

    def _all(self) -> Sequence[dict[str, Any]]:
        return self._rows("SHOW SERVICES IN ACCOUNT")

    @staticmethod
    def _name(row: dict[str, Any]) -> str:
        return f"{row['database_name']}.{row['schema_name']}.{row['name']}"

    def _rows(self, statement: str) -> list[dict[str, Any]]:
        with closing(self._connection.cursor(snowflake.connector.DictCursor)) as cursor:
            found: list[dict[str, Any]] = cursor.execute(statement).fetchall()
        return found


@contextmanager
def restless(site: LargeSite) -> Iterator[Restless]:
    """Somebody at work, until the end of the block."""
    saved = tomllib.loads((site.home / "connections.toml").read_text())
    settings = saved[site.connections[0]]
    with closing(
        snowflake.connector.connect(
            **settings, enable_server_session_keep_alive_auto_detection=False
        )
    ) as connection:
        yield Restless(site, connection)
