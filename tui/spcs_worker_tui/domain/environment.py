"""A service's environment variables: what is there, and what somebody wants to change of them.

Environment variables live in the specification, and are changed only by sending it again
(contract 1.8). A value that looks like a credential is never sent in it: it becomes a Snowflake
secret, to which the specification refers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.secrecy import looks_like_a_key
from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.keys import Secret
    from spcs_worker_tui.domain.spec_document import Variable


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    """One variable of one container, as it is deployed."""

    container: str
    variable: Variable

    @property
    def name(self) -> str:
        """Of the variable; from outside, so it is shown through `text.one_line`."""
        return self.variable.name

    @property
    def is_secret(self) -> bool:
        """Whether it comes from a Snowflake secret; such a value cannot be read back."""
        return bool(self.variable.secret)

    @property
    def is_masked(self) -> bool:
        """Whether `shown` does not show the value because it looks like a credential."""
        return not self.is_secret and looks_like_a_key(self.name, self.variable.value)

    @property
    def shown(self) -> str:
        """The value on one line; nothing for a secret, `(hidden)` where `is_masked`."""
        return "" if self.is_secret else self.variable.shown

    @property
    def revealed(self) -> str:
        """The value on one line, even where it looks like a credential; nothing for a secret.

        Only for a person who asked to see it.
        """
        return one_line(self.variable.value, len(self.variable.value) or 1)

    @property
    def source(self) -> str:
        """Where the value comes from, in words."""
        if not self.is_secret:
            return "literal"
        part = self.variable.secret_key
        ending = f" ({one_line(part)})" if part not in ("", "secret_string") else ""
        return f"secret {one_line(self.variable.secret)}{ending}"


@dataclass(frozen=True, slots=True)
class ServiceEnvironment:
    """All variables of a service's containers, as they were at one moment.

    Attributes:
        spec_digest: Of the specification that they were read from: pass it on with the edits
            that were made of it, so that nobody's change in between is overlooked.
        containers: All of them, in their order, also those without any variable.
    """

    key: ServiceKey
    spec_digest: str
    containers: tuple[str, ...]
    rows: tuple[EnvironmentRow, ...]

    def of(self, container: str) -> tuple[EnvironmentRow, ...]:
        """The rows of that container."""
        return tuple(row for row in self.rows if row.container == container)


@dataclass(frozen=True, slots=True)
class SetVariable:
    """This value, whatever the variable was before; added where there is none.

    One that looks like a credential becomes a secret, as with `SetSecret`. `container` empty is
    the first one, here as in all other edits.
    """

    name: str
    value: str = field(repr=False)
    container: str = ""


@dataclass(frozen=True, slots=True)
class SetSecret:
    """This value, kept in a Snowflake secret: the one it has, or a new one named after it."""

    name: str
    value: Secret
    container: str = ""


@dataclass(frozen=True, slots=True)
class UseSecret:
    """The value of a Snowflake secret that is there already.

    Attributes:
        secret: `[[database.]schema.]name`; what is left out is the service's.
    """

    name: str
    secret: str
    container: str = ""


@dataclass(frozen=True, slots=True)
class UnsetVariable:
    """Gone; the Snowflake secret that it came from stays."""

    name: str
    container: str = ""


@dataclass(frozen=True, slots=True)
class RenameVariable:
    """The same value or secret under another name."""

    name: str
    new: str
    container: str = ""


Edit = SetVariable | SetSecret | UseSecret | UnsetVariable | RenameVariable


@dataclass(frozen=True, slots=True)
class EditEnvironment:
    """Several edits at once, made in their order, in one plan.

    Attributes:
        restart: Where nothing but the values of secrets changes, restart the service, since
            containers see them only when they start (contract 3.2).
        spec_digest: Of the `ServiceEnvironment` that the edits were made of; where the
            specification is another one by now, the plan is refused. Empty: any.
        why: For the history.
    """

    service: ServiceKey
    edits: tuple[Edit, ...]
    restart: bool = False
    spec_digest: str = ""
    why: str = ""
