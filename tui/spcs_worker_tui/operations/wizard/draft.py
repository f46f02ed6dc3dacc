"""The answers so far, as texts by name: what was typed, what is kept when somebody leaves. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import fields
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.keys import KeyKind
from spcs_worker_tui.domain.secrecy import looks_like_a_key
from spcs_worker_tui.domain.settings_keys import ENVIRONMENT_NAME
from spcs_worker_tui.domain.setup import KEY_VARIABLES, Answers, ImageChoice, checked
from spcs_worker_tui.operations.setup.answers import places_of

if TYPE_CHECKING:
    from spcs_worker_tui.domain.settings import Environment, Project

NO_KEY = "none"
"""Stands where an API asks for no key; other kinds stand for themselves."""

_VARIABLES = {KeyKind.API_KEY.value: KEY_VARIABLES[0], KeyKind.AUTH_STRING.value: KEY_VARIABLES[1]}
_NUMBERS = ("min_nodes", "max_nodes", "auto_suspend_secs", "instances")
_TEXTS = (
    "work_pool", "role", "database", "schema", "repository", "compute_pool", "instance_family",
    "network_rule", "integration", "service", "image", "tag", "monitor_role",
)  # fmt: skip
_WORDS = {"min_nodes": "nodes at least", "max_nodes": "nodes at most"}
_DEFAULTS: Mapping[str, Any] = {field.name: field.default for field in fields(Answers)}
_LONGEST = 4096


def _variable(kind: str) -> str:
    """As which variable the worker gets a key of that kind."""
    return _VARIABLES.get(kind, KEY_VARIABLES[0])


class Draft(MutableMapping[str, str]):
    """Texts by name; an empty text counts as none.

    What was not answered is as the project's settings have it, where there are any. Only what was
    answered is iterated over, and so remembered.

    Args:
        values: What was remembered.
        project: The settings of the project that it is about.
    """

    def __init__(
        self, values: Mapping[str, str] | None = None, project: Project | None = None
    ) -> None:
        self._project = project
        self._values = {
            name: value
            for name, value in (values or {}).items()
            if isinstance(name, str) and isinstance(value, str) and len(value) <= _LONGEST
        }

    def __getitem__(self, name: str) -> str:
        return self._values[name] if name in self._values else self._written()[name]

    def __setitem__(self, name: str, value: str) -> None:
        if value:
            self._values[name] = value
        else:
            self._values.pop(name, None)

    def __delitem__(self, name: str) -> None:
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def environment(self) -> Environment | None:
        """What the settings have of it: the answered one, or the first of the connection."""
        if self._project is None:
            return None
        environments = self._project.environments
        if "environment" in self._values:
            return environments.get(self._values["environment"])
        connection = self._values.get("connection")
        usual = environments.get(self._project.default_environment)
        ordered = [*([usual] if usual else []), *environments.values()]
        fitting = (one for one in ordered if connection in (None, one.connection))
        return next(fitting, None)

    def _written(self) -> Mapping[str, str]:
        """What the settings say, by the names of the answers."""
        environment = self.environment
        if environment is None:
            return {}
        found = places_of(environment) | {
            "connection": environment.connection,
            "work_pool": environment.work_pool,
            "prefect_api_url": environment.prefect_api_url,
        }
        return {name: str(value) for name, value in found.items() if value}

    def having(self, **values: str) -> Draft:
        """A copy with other answers."""
        return Draft({**self._values, **values}, self._project)

    def typed(self, page: str) -> dict[str, str]:
        """What was typed on that page and not handed in, by the names of its fields."""
        begin = f"{page}."
        return {
            name.removeprefix(begin): value
            for name, value in self._values.items()
            if name.startswith(begin)
        }

    def keep_typed(self, page: str, values: Mapping[str, str]) -> None:
        """Keep that instead; a key that was typed into the wrong field is not kept."""
        for name in self.typed(page):
            del self._values[f"{page}.{name}"]
        for name, value in values.items():
            if not looks_like_a_key("", value):
                self[f"{page}.{name}"] = value

    def shown(self, name: str) -> str:
        """What was answered, or what will be taken without an answer."""
        if name == "environment" and self.environment is not None:
            return self.environment.name
        if name == "environment":
            connection = self.get("connection", "")
            usual = connection if re.fullmatch(ENVIRONMENT_NAME, connection) else "default"
            return self.get(name) or usual
        if name == "secret":
            kind = self.get("prefect_key", "")
            return "" if kind == NO_KEY else self._values.get(name) or self._secret(_variable(kind))
        return self.get(name) or str(_DEFAULTS.get(name, ""))

    def _secret(self, variable: str) -> str:
        environment = self.environment
        return environment.secrets.get(variable, variable) if environment else variable

    def answers(self, folder: PurePath) -> Answers:
        """As set-up takes them, checked.

        Args:
            folder: Where `spcs-worker.toml` goes.

        Raises:
            ConfigurationError: One of them cannot be; says all that cannot.
        """
        texts: dict[str, Any] = {name: self.shown(name) for name in _TEXTS}
        numbers: dict[str, Any] = {name: self._number(name) for name in _NUMBERS}
        return checked(
            Answers(
                environment=self.shown("environment"),
                connection=self.get("connection", ""),
                prefect_api_url=self.get("prefect_api_url", ""),
                folder=folder,
                secret=self.shown("secret"),
                secret_variable=_variable(self.get("prefect_key", "")),
                renew_secret=self.get("renew_secret") == "yes",
                image_choice=ImageChoice(self.get("image_choice") or ImageChoice.BUILD),
                base=self.environment,
                **texts,
                **numbers,
            )
        )

    def _number(self, name: str) -> int:
        text = self.shown(name)
        if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - digits
            raise ConfigurationError(
                f"{text[:40]!r} is no number of {_WORDS.get(name, name)}",
                next_step="Use a whole number.",
            )
        return int(text)
