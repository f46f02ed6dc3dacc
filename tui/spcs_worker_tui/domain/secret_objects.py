"""Snowflake secrets as objects of the account: named, listed, created, altered; never read.

No statement gives a value back (contract 1.12).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from spcs_worker_tui.domain.keys import Secret

_PART = re.compile(r'"((?:[^"]|"")+)"|([^".\s]+)')
_PARTS = 3
_STRINGS = frozenset({"GENERIC", "GENERIC_STRING"})


@dataclass(frozen=True, slots=True)
class SecretName:
    """The three names of a secret, as they are stored."""

    database: str
    schema: str
    name: str

    @classmethod
    def parse(cls, text: str, home: tuple[str, str]) -> SecretName | None:
        """A name as specifications and people write it; None for what is none.

        Args:
            text: `[[database.]schema.]name`; a part in double quotes keeps its letters, others
                are stored in upper case (contract 1.0).
            home: Database and schema of the service, for what is left out (contract 3.2).
        """
        parts: list[str] = []
        at = 0
        while match := _PART.match(text, at):
            quoted, plain = match.groups()
            parts.append(quoted.replace('""', '"') if quoted else plain.upper())
            at = match.end()
            if at == len(text):
                break
            if text[at] != ".":
                return None
            at += 1
        if at != len(text) or text.endswith(".") or not 1 <= len(parts) <= _PARTS:
            return None
        return cls(*home[: _PARTS - len(parts)], *parts)

    @property
    def qualified(self) -> str:
        """For people; SQL and specifications go through `SecretKeeper.secret_reference`."""
        return f"{self.database}.{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class SecretObject:
    """One row of SHOW SECRETS."""

    name: SecretName
    secret_type: str
    owner: str = ""
    comment: str = ""

    @property
    def is_text(self) -> bool:
        """Whether it holds one text; both words for that are in use (contract 1.12)."""
        return self.secret_type.upper() in _STRINGS


class SecretKeeper(Protocol):
    """The part of a Snowflake session that has to do with secrets.

    The values are in no error that these raise, and in no statement that they show.
    """

    async def show_secrets(self, database: str, schema: str) -> Sequence[SecretObject]:
        """`SHOW SECRETS IN SCHEMA …`: those that the role may see at all."""

    def secret_reference(self, name: SecretName) -> str:
        """As a specification and SQL name it, quoted where it has to be."""

    def create_secret_statement(self, name: SecretName, comment: str) -> str:
        """What `create_secret` sends, with the value masked."""

    async def create_secret(self, name: SecretName, value: Secret, comment: str) -> str:
        """`CREATE SECRET … TYPE = GENERIC_STRING …`; returns the query id.

        Without IF NOT EXISTS, which would let a secret that is there but not visible to the role
        keep its value, and call that success.
        """

    def alter_secret_statement(self, name: SecretName) -> str:
        """What `alter_secret` sends, with the value masked."""

    async def alter_secret(self, name: SecretName, value: Secret) -> str:
        """`ALTER SECRET … SET SECRET_STRING = …`; returns the query id."""

    def grant_read_statement(self, name: SecretName, role: str) -> str:
        """Exactly what `grant_read` sends."""

    async def grant_read(self, name: SecretName, role: str) -> str:
        """`GRANT READ ON SECRET … TO ROLE …`; returns the query id."""
