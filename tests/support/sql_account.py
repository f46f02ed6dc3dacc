"""An account that the files under `sql/` are run against, with the real `snow`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import snowflake.connector

from spcs_worker_tui.sandbox.launch import LaunchedSandbox, launch
from support.small_image import push_small_image, registry_password
from support.snow import Answer, SnowProgram
from support.sql_files import FOLDER, SqlFile, files

SPECIFICATION = (FOLDER.parent / "spcs-service-spec.yaml").read_text()
USER = "OPERATOR"
_VOLATILE = {
    "COMPUTE POOLS": {
        *("state", "active_nodes", "idle_nodes", "target_nodes", "updated_on", "resumed_on"),
    },
    "SERVICES IN ACCOUNT": {"status", "current_instances", "target_instances"},
    # CREATE … IF NOT EXISTS does not exist for it (contract 10.15): it is made anew.
    "EXTERNAL ACCESS INTEGRATIONS": {"created_on"},
}
"""What moves by itself, or may; everything else has to stay as it is."""
_KEPT = (
    *("ROLES", "DATABASES", "SCHEMAS IN ACCOUNT", "IMAGE REPOSITORIES IN ACCOUNT"),
    *("COMPUTE POOLS", "NETWORK RULES IN ACCOUNT", "EXTERNAL ACCESS INTEGRATIONS"),
    *("SECRETS IN ACCOUNT", "SERVICES IN ACCOUNT", "STAGES IN ACCOUNT"),
)


@dataclass
class SqlAccount:
    """One new account, seen by ACCOUNTADMIN through the real connector, and `snow`."""

    sandbox: LaunchedSandbox
    program: SnowProgram
    connection: Any

    @property
    def variables(self) -> dict[str, str]:
        """A value for every variable that is not of the last files: its default, mostly."""
        found = {variable.name: variable.default for file in files() for variable in file.variables}
        given = {"user": USER, "monitor_user": USER, "specification": SPECIFICATION}
        return {name: value for name, value in (found | given).items() if value}

    def snow(self, *words: str, alone: bool = False, typed: str = "") -> Answer:
        """Run `snow sql` with the account's connection."""
        # The program has one home, and its accounts have one each.
        file = self.program.home / "connections.toml"
        file.touch(0o600)
        file.write_text((self.sandbox.home / "connections.toml").read_text())
        line = ("sql", "--connection", self.sandbox.connections[0], *words)
        home = self.program.home
        return self.program.run_alone(line, home, typed) if alone else self.program.run(line, home)

    def run(self, some: Sequence[SqlFile], **variables: str) -> Answer:
        """Run files as docs/sql.md says."""
        names = [word for file in some for word in ("-f", str(file.path))]
        values = [
            word
            for name, value in (self.variables | variables).items()
            for word in ("-D", f"{name}={value}")
        ]
        return self.snow(*names, *values)

    def ok(self, some: Sequence[SqlFile], **variables: str) -> Answer:
        """Run files; they have to succeed."""
        answer = self.run(some, **variables)
        assert answer.status == 0, answer.text
        return answer

    def set_up(self, *, service_last: bool = False) -> None:
        """All of the set-up, with an image pushed before the service is created."""
        every = files("0")
        late = [file for file in every if file.number in ({"08"} if service_last else {"08", "09"})]
        self.ok([file for file in every if file not in late])
        self.push()
        self.ok(late)

    def execute(self, file: SqlFile, **variables: str) -> None:
        """Run a file through the connector, with nothing but its variables replaced."""
        text = file.statements
        for name, value in (self.variables | variables).items():
            text = text.replace(f"<% {name} %>", value)
        for cursor in self.connection.execute_string(text):
            cursor.close()

    def push(self) -> None:
        """Put the image there that the specification names."""
        (repository,) = self.rows("SHOW IMAGE REPOSITORIES IN DATABASE PREFECT")
        password = registry_password(self.connection, self.sandbox.url)
        push_small_image(repository["repository_url"], password, "spcs-worker", "latest")

    def rows(self, statement: str, role: str = "ACCOUNTADMIN") -> list[dict[str, Any]]:
        """The rows of an answer, by column name, as a role sees them."""
        with self.connection.cursor(snowflake.connector.DictCursor) as cursor:
            if self.connection.role != role:
                cursor.execute(f"USE ROLE {role}")
            return list(cursor.execute(statement).fetchall())

    def refusal(self, statement: str, role: str) -> str:
        """With what words a statement is refused."""
        with pytest.raises(snowflake.connector.ProgrammingError) as refused:
            self.rows(statement, role)
        return str(refused.value)

    def contents(self) -> dict[str, list[dict[str, Any]]]:
        """Everything that statements made in the account, and who may do what with it."""
        found = {
            kind: [
                {key: value for key, value in row.items() if key not in _VOLATILE.get(kind, ())}
                for row in self.rows(f"SHOW {kind}")
            ]
            for kind in _KEPT
        }
        for role in found["ROLES"]:
            for relation in ("TO", "OF"):
                statement = f"SHOW GRANTS {relation} ROLE {role['name']}"
                found[statement] = self.rows(statement)
        return found


@contextmanager
def new_sql_account(program: SnowProgram) -> Iterator[SqlAccount]:
    """A sandbox of its own, with nothing in it, as `snow`'s connection."""
    with pytest.MonkeyPatch.context() as environment:
        # The image has nothing that could run: no engine is to try.
        environment.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        sandbox = launch(fleet="empty", speed="instant", prefect=False)
    with sandbox:
        saved = tomllib.loads((sandbox.home / "connections.toml").read_text())
        connection = snowflake.connector.connect(
            **saved[sandbox.connections[0]],
            enable_server_session_keep_alive_auto_detection=False,
        )
        try:
            yield SqlAccount(sandbox, program, connection)
        finally:
            connection.close()
