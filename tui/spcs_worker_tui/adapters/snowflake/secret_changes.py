"""Statements on secrets (contract 1.12).

A value can only be sent as a string literal within the statement, so the statement itself is a
secret here: nothing keeps it, and no error of these methods holds it or leads to what does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.snowflake import rows
from spcs_worker_tui.adapters.snowflake.quoting import identifier, literal
from spcs_worker_tui.domain.errors import (
    SessionEndedError,
    SnowflakeError,
    SnowflakeUnreachableError,
    StatementRefusedError,
)
from spcs_worker_tui.domain.secret_objects import SecretName, SecretObject
from spcs_worker_tui.domain.text import masked

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.snowflake.driver import Answer
    from spcs_worker_tui.domain.keys import Secret

_MASK = "***"
# Refusals whose words name objects only. Others, a syntax error above all, may quote a piece of
# the statement, and that piece may be the value.
_NAMES_ONLY = frozenset({2002, 2003, 2043, 3001, 3041, 90105, 90106})


class SecretChanges(ABC):
    """The part of a session that has to do with secrets; implements `SecretKeeper`."""

    @abstractmethod
    async def _send(self, statement: str) -> Answer:
        """Send one statement."""

    async def show_secrets(self, database: str, schema: str) -> Sequence[SecretObject]:
        """`SHOW SECRETS IN SCHEMA …`; see the port."""
        place = f"{identifier(database)}.{identifier(schema)}"
        answer = await self._send(f"SHOW SECRETS IN SCHEMA {place}")
        return tuple(map(secret_object, answer.rows))

    def secret_reference(self, name: SecretName) -> str:
        """As a specification and SQL name it; see the port."""
        return ".".join(identifier(part) for part in (name.database, name.schema, name.name))

    def create_secret_statement(self, name: SecretName, comment: str) -> str:
        """What `create_secret` sends, with the value masked."""
        return self._create(name, _MASK, comment)

    async def create_secret(self, name: SecretName, value: Secret, comment: str) -> str:
        """`CREATE SECRET …`; returns the query id."""
        return await self._send_hidden(self._create(name, value.reveal(), comment), value)

    def alter_secret_statement(self, name: SecretName) -> str:
        """What `alter_secret` sends, with the value masked."""
        return self._alter(name, _MASK)

    async def alter_secret(self, name: SecretName, value: Secret) -> str:
        """`ALTER SECRET … SET SECRET_STRING = …`; returns the query id."""
        return await self._send_hidden(self._alter(name, value.reveal()), value)

    def grant_read_statement(self, name: SecretName, role: str) -> str:
        """Exactly what `grant_read` sends."""
        return f"GRANT READ ON SECRET {self.secret_reference(name)} TO ROLE {identifier(role)}"

    async def grant_read(self, name: SecretName, role: str) -> str:
        """`GRANT READ ON SECRET … TO ROLE …`; returns the query id."""
        return (await self._send(self.grant_read_statement(name, role))).query_id

    def _create(self, name: SecretName, value: str, comment: str) -> str:
        return (
            f"CREATE SECRET {self.secret_reference(name)} TYPE = GENERIC_STRING "
            f"SECRET_STRING = {literal(value)} COMMENT = {literal(comment)}"
        )

    def _alter(self, name: SecretName, value: str) -> str:
        return f"ALTER SECRET {self.secret_reference(name)} SET SECRET_STRING = {literal(value)}"

    async def _send_hidden(self, statement: str, value: Secret) -> str:
        try:
            return (await self._send(statement)).query_id
        except SnowflakeError as error:
            clean = _without(error, value)
        # Outside of the handler: the connector's own error holds the statement, and as the context
        # of ours it would go wherever that goes.
        raise clean


def secret_object(row: rows.Row) -> SecretObject:
    """One row of SHOW SECRETS."""
    names = (rows.text(row, column) for column in ("database_name", "schema_name", "name"))
    return SecretObject(
        SecretName(*names),
        rows.text(row, "secret_type"),
        rows.text(row, "owner"),
        rows.text(row, "comment"),
    )


def _without(error: SnowflakeError, value: Secret) -> SnowflakeError:
    """The same error without the value, and without what it was raised from."""
    text = masked(str(error), (value.reveal(), literal(value.reveal())[1:-1]))
    match error:
        case StatementRefusedError():
            if error.errno not in _NAMES_ONLY:
                text = f"the account refused the secret's value or name (error {error.errno:06})"
            return type(error)(
                text,
                errno=error.errno,
                sqlstate=error.sqlstate,
                query_id=error.query_id,
                next_step=error.next_step,
            )
        case SnowflakeUnreachableError() | SessionEndedError():
            return type(error)(text, next_step=error.next_step)
    return error  # signing in failed, so that nothing was sent
