"""What a specification becomes by edits of its variables, and which secrets get a value. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.environment import (
    Edit,
    RenameVariable,
    SetSecret,
    SetVariable,
    UnsetVariable,
    UseSecret,
)
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.keys import LONGEST, Secret
from spcs_worker_tui.domain.nearest import nearest
from spcs_worker_tui.domain.secrecy import looks_like_a_key
from spcs_worker_tui.domain.secret_objects import SecretName
from spcs_worker_tui.domain.settings_keys import VARIABLE
from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.domain.spec_document import SpecDocument, Variable

OF_THE_PLATFORM = frozenset(
    {
        "SNOWFLAKE_ACCOUNT", "SNOWFLAKE_DATABASE", "SNOWFLAKE_HOME", "SNOWFLAKE_HOST",
        "SNOWFLAKE_JOBS_COUNT", "SNOWFLAKE_JOB_INDEX", "SNOWFLAKE_RUNNING_INSIDE_SPCS",
        "SNOWFLAKE_SCHEMA", "SNOWFLAKE_SERVICE_NAME",
    }
)  # fmt: skip
"""What Snowflake itself puts into every container (contract 4)."""

_NOTHING_SENT = "Nothing was changed."


@dataclass(frozen=True, slots=True)
class SecretValue:
    """A variable whose value goes into a Snowflake secret.

    Attributes:
        before: The variable as it is now; None: it is new.
    """

    container: str
    name: str
    value: Secret
    before: Variable | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """What edits come to.

    Attributes:
        document: With all edits but those of `secrets`, which do not have names yet.
        secrets: Values that have to be put into secrets, in the edits' order.
        notes: What the user should know.
    """

    document: SpecDocument
    secrets: tuple[SecretValue, ...] = ()
    notes: tuple[str, ...] = ()


def edited(
    document: SpecDocument,
    edits: Sequence[Edit],
    home: tuple[str, str],
    refer: Callable[[SecretName], str],
) -> Edited:
    """The document with the edits made, in their order.

    Args:
        document: As it is deployed.
        edits: What to change.
        home: Database and schema of the service.
        refer: How a specification names a secret.

    Raises:
        ConfigurationError: One of them cannot be; nothing secret is in its words.
    """
    return _Editing(document, home, refer).all(edits)


def checked_name(name: str) -> str:
    """The name, if a variable may be called so.

    Raises:
        ConfigurationError: It is illegal, or Snowflake's own.
    """
    if not re.fullmatch(VARIABLE, name):
        # What stands before or after an equals sign may be a key that was pasted the wrong way.
        shown = "what is given" if looks_like_a_key("", name) else repr(one_line(name, 80))
        raise ConfigurationError(
            f"{shown} is no name of an environment variable",
            next_step=f"Use letters, digits and '_', and no digit first. {_NOTHING_SENT}",
        )
    if name in OF_THE_PLATFORM:
        raise ConfigurationError(
            f"{name} is set by Snowflake in every container",
            next_step=f"Use another name. {_NOTHING_SENT}",
        )
    return name


def checked_value(name: str, value: str) -> str:
    """The value, if a variable can have it.

    Any text can: what YAML takes for something else is quoted, and `$$` escaped, where the
    specification is written (`domain.spec_text`).

    Raises:
        ConfigurationError: It holds a zero byte, is no text, or is absurdly long.
    """
    problem = ""
    if "\0" in value:
        problem = "holds a zero byte, which no environment variable can"
    elif not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        problem = "is not UTF-8 text"
    elif len(value) > LONGEST:
        problem = f"is longer than {LONGEST} characters"
    if problem:
        raise ConfigurationError(
            f"the value of {name} {problem}", next_step=f"Give another one. {_NOTHING_SENT}"
        )
    return value


@dataclass
class _Editing:
    """A document while edits are made."""

    document: SpecDocument
    home: tuple[str, str]
    refer: Callable[[SecretName], str]
    secrets: list[SecretValue] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    touched: set[tuple[str, str]] = field(default_factory=set)

    def all(self, edits: Sequence[Edit]) -> Edited:
        for edit in edits:
            container = self.document.container(edit.container)
            match edit:
                case SetVariable():
                    self._set(container, edit.name, edit.value)
                case SetSecret():
                    self._hide(container, edit.name, edit.value)
                case UseSecret():
                    self._use(container, edit)
                case UnsetVariable():
                    self._unset(container, edit.name)
                case RenameVariable():
                    self._rename(container, edit.name, edit.new)
        return Edited(self.document, tuple(self.secrets), tuple(self.notes))

    def _set(self, container: str, name: str, value: str) -> None:
        checked_name(name)
        if looks_like_a_key(name, checked_value(name, value)):
            self.notes.append(
                f"{name} looks like a key, and everybody who may DESCRIBE the service could read "
                "it: it goes into a Snowflake secret."
            )
            self._hide(container, name, Secret(value))
            return
        self._touch(container, name)
        if "\n" in value or "\r" in value:
            self.notes.append(f"The value of {name} has several lines, and is set as it is.")
        before = self._variable(container, name)
        if before is not None and before.secret:
            self.notes.append(f"{name} no longer comes from secret {one_line(before.secret)}.")
        self.document = self.document.with_variable(name, value, container)

    def _hide(self, container: str, name: str, value: Secret) -> None:
        self._touch(container, checked_name(name))
        if not checked_value(name, value.reveal()):
            raise ConfigurationError(
                f"nothing was given as the value of {name}",
                next_step=f"A secret cannot be empty. {_NOTHING_SENT}",
            )
        self.secrets.append(SecretValue(container, name, value, self._variable(container, name)))

    def _use(self, container: str, edit: UseSecret) -> None:
        self._touch(container, checked_name(edit.name))
        name = SecretName.parse(edit.secret, self.home)
        if name is None:
            raise ConfigurationError(
                f"{one_line(edit.secret, 80)!r} is no name of a secret",
                next_step=f"It looks like DATABASE.SCHEMA.NAME. {_NOTHING_SENT}",
            )
        self.document = self.document.with_secret(edit.name, self.refer(name), container)

    def _unset(self, container: str, name: str) -> None:
        self._touch(container, name)
        before = self._variable(container, name)
        if before is None:
            names = [variable.name for variable in self.document.variables(container)]
            self.notes.append(
                f"There is no variable {one_line(name, 80)} in container {container}"
                f"{nearest(name, names) or '.'}"
            )
        elif before.secret:
            self.notes.append(f"Secret {one_line(before.secret)} stays; DROP SECRET removes it.")
        self.document = self.document.without_variable(name, container)

    def _rename(self, container: str, old: str, new: str) -> None:
        checked_name(new)
        there = self._variable(container, new) is not None
        before = self._variable(container, old)
        if before is None:
            if there:  # as an interrupted run left it
                self.notes.append(f"There is no {one_line(old, 80)}, and {new} is there already.")
                return
            names = [variable.name for variable in self.document.variables(container)]
            raise ConfigurationError(
                f"there is no variable {one_line(old, 80)} in container {container}"
                f"{nearest(old, names)}",
                next_step="`env list` shows all.",
            )
        if old == new:
            return
        if there:
            raise ConfigurationError(
                f"{new} is there already in container {container}",
                next_step=f"Unset it first, or use another name. {_NOTHING_SENT}",
            )
        if not before.secret and looks_like_a_key(new, before.value):
            self.document = self.document.without_variable(old, container)
            self._set(container, new, before.value)
            return
        self.document = self.document.with_renamed_variable(old, new, container)

    def _touch(self, container: str, name: str) -> None:
        if (container, name) in self.touched:
            raise ConfigurationError(
                f"{one_line(name, 80)} is given twice",
                next_step=f"Give each variable once. {_NOTHING_SENT}",
            )
        self.touched.add((container, name))

    def _variable(self, container: str, name: str) -> Variable | None:
        found = (v for v in self.document.variables(container) if v.name == name)
        return next(found, None)
