"""A sandbox in a process of its own, and the account in it as an operator sees it."""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import httpx
import snowflake.connector

from spcs_worker_tui.sandbox.launch import LaunchedSandbox, launch
from support.engine import DockerEngine

Found = TypeVar("Found")

PLACE = "LAB.WORK"
REPOSITORY = f"{PLACE}.IMAGES"
POOL = "LAB_POOL"
ACCESS = "LAB_ACCESS"
SECRET = f"{PLACE}.API_KEY"
SECRET_VALUE = "pnu_of-the-lab-which-nobody-may-see"
SESSION_USER = "0sessiontoken"


def eventually(
    look: Callable[[], Found | None], what: str, seconds: float = 90, pause: float = 0.2
) -> Found:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"no {what} within {seconds} s"
        time.sleep(pause)


@dataclass
class Site:
    """One account of a sandbox, through the real connector."""

    sandbox: LaunchedSandbox
    connection: Any

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """The rows of an answer, by column name."""
        cursor = self.connection.cursor(snowflake.connector.DictCursor)
        try:
            return cursor.execute(statement).fetchall()
        finally:
            cursor.close()

    def value(self, statement: str) -> Any:
        """The first column of the first row."""
        return next(iter(self.rows(statement)[0].values()))

    def furnish(self) -> None:
        """Database, schema, image repository, compute pool, egress, secret."""
        for statement in (
            "CREATE DATABASE LAB",
            f"CREATE SCHEMA {PLACE}",
            f"CREATE IMAGE REPOSITORY {REPOSITORY}",
            f"CREATE COMPUTE POOL {POOL} MIN_NODES = 1 MAX_NODES = 2 INSTANCE_FAMILY = CPU_X64_S",
            f"CREATE NETWORK RULE {PLACE}.OUT TYPE = HOST_PORT MODE = EGRESS "
            "VALUE_LIST = ('prefect.example.com:443')",
            f"CREATE EXTERNAL ACCESS INTEGRATION {ACCESS} ALLOWED_NETWORK_RULES = ({PLACE}.OUT) "
            "ENABLED = TRUE",
            f"CREATE SECRET {SECRET} TYPE = GENERIC_STRING SECRET_STRING = '{SECRET_VALUE}'",
        ):
            self.rows(statement)

    @cached_property
    def repository_url(self) -> str:
        """`host:port/lab/work/images`."""
        rows = self.rows("SHOW IMAGE REPOSITORIES IN ACCOUNT")
        return str(next(row["repository_url"] for row in rows if row["name"] == "IMAGES"))

    def registry_password(self) -> str:
        """What `snow spcs image-registry token` prints (contract 5)."""
        rest = self.connection.rest
        answer = httpx.post(
            f"{self.sandbox.url}/session/token-request",
            json={"oldSessionToken": rest.token, "requestType": "ISSUE"},
            headers={"Authorization": f'Snowflake Token="{rest.master_token}"'},
        ).json()
        return json.dumps({"token": answer["data"]["sessionToken"], "expires_in": 3600})

    def push(self, engine: DockerEngine, image: str, name: str) -> str:
        """Push a local image as `name:tag`, through the Docker SDK; returns its digest."""
        reference = f"{self.repository_url}/{name}"
        assert engine.client.images.get(image).tag(reference)
        credentials = {"username": SESSION_USER, "password": self.registry_password()}
        digest = ""
        for event in engine.client.api.push(
            reference, auth_config=credentials, stream=True, decode=True
        ):
            assert "error" not in event, event
            digest = event.get("aux", {}).get("Digest", digest)
        engine.client.images.remove(reference, noprune=True)
        return digest

    def containers(self, service: str) -> list[dict[str, Any]]:
        """What Snowflake says of the containers of a service."""
        return self.rows(f"SHOW SERVICE CONTAINERS IN SERVICE {PLACE}.{service}")

    def until_ready(self, service: str, seconds: float = 150) -> dict[str, Any]:
        """The row of the first container that is READY."""

        def look() -> dict[str, Any] | None:
            return next((row for row in self.containers(service) if row["status"] == "READY"), None)

        return eventually(look, f"READY container of {service}", seconds)

    def logs(self, service: str, container: str = "worker") -> str:
        """The newest lines."""
        return str(
            self.value(f"CALL SYSTEM$GET_SERVICE_LOGS('{PLACE}.{service}', 0, '{container}', 100)")
        )


@contextmanager
def running_site(**settings: Any) -> Iterator[Site]:
    """A sandbox with one new account, furnished; `settings` are those of `launch`."""
    with launch(**({"fleet": "empty", "speed": "instant"} | settings)) as sandbox:
        saved = tomllib.loads((sandbox.home / "connections.toml").read_text())
        connection = snowflake.connector.connect(
            **saved[sandbox.connections[0]],
            enable_server_session_keep_alive_auto_detection=False,
        )
        try:
            site = Site(sandbox, connection)
            site.furnish()
            yield site
        finally:
            # Nobody answers for a sandbox that a test has killed, and the connector would wait.
            if sandbox.process.poll() is None:
                connection.close()
