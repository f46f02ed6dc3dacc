"""What the tables of `spcs-worker.toml` mean: every problem at once, each with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.nearest import nearest
from spcs_worker_tui.domain.secrecy import looks_like_a_key
from spcs_worker_tui.domain.settings import Environment, Project, ResourceAmounts
from spcs_worker_tui.domain.settings_keys import (
    ENVIRONMENT_NAME,
    IDENTIFIER,
    KEYS,
    MOST_INTEGRATIONS,
    QUALIFIED,
    RESOURCES,
    TABLES,
    TOP_LEVEL,
    Key,
    Kind,
)
from spcs_worker_tui.domain.text import one_line

Path = tuple[str, ...]
LineOf = Callable[[Path], int | None]
"""The line on which a key or table stands, or None where that is not known."""

_SET_BY_OTHER_KEYS = {"PREFECT_API_URL": "prefect_api_url", "PREFECT_WORK_POOL": "work_pool"}


def read_project(table: Mapping[str, Any], path: PurePath, line_of: LineOf) -> Project:
    """The settings that a parsed file holds.

    Args:
        table: The document as plain dictionaries, lists, texts, numbers and booleans.
        path: The file, for messages and for what is relative to it.
        line_of: Where things stand.

    Raises:
        ConfigurationError: Anything is wrong; it says everything that is.
    """
    reader = _Reader(line_of)
    project = reader.project(table, path)
    if reader.problems:
        ordered = [text for _, text in sorted(reader.problems, key=lambda item: item[0])]
        first, *others = (f"{path}, {text}" for text in ordered)
        raise ConfigurationError(
            first, others=others, next_step="`spcs-worker-tui project keys` lists what there is."
        )
    return project


class _Reader:
    """Reads tables and collects what is wrong with them."""

    def __init__(self, line_of: LineOf) -> None:
        self._line_of = line_of
        self.problems: list[tuple[int, str]] = []

    def project(self, table: Mapping[str, Any], path: PurePath) -> Project:
        for name in table.keys() - set(TOP_LEVEL):
            hint = nearest(name, TOP_LEVEL)
            if not hint and (name in KEYS or name in TABLES):
                hint = "; it belongs into [defaults] or [environments.NAME]"
            self._problem((name,), f"unknown key {name!r}{hint}")
        defaults = self._section(table.get("defaults", {}), ("defaults",))
        sections = table.get("environments", {})
        if not isinstance(sections, Mapping) or not sections:
            self._problem(("environments",), "there is no [environments.NAME]: add one")
            sections = {}
        environments = {}
        for name, section in sections.items():
            if not re.fullmatch(ENVIRONMENT_NAME, name):
                text = f"environment name {one_line(name)!r} may have letters, digits, '-' and '_'"
                self._problem(("environments", name), text)
            own = self._section(section, ("environments", name))
            environments[name] = self._environment(name, _inherited(defaults, own))
        return Project(path, environments, self._default(table, environments))

    def _default(self, table: Mapping[str, Any], environments: Mapping[str, Any]) -> str:
        default = table.get("default_environment", "")
        if default and default not in environments:
            hint = nearest(str(default), environments)
            text = f"default_environment is {default!r}, which is no environment here{hint}"
            self._problem(("default_environment",), text)
        return str(default)

    def _section(self, section: Any, at: Path) -> dict[str, Any]:
        """One table of keys, checked one by one; what is wrong is left out."""
        if not isinstance(section, Mapping):
            self._problem(at, f"{'.'.join(at)} has to be a table: [{'.'.join(at)}]")
            return {}
        values: dict[str, Any] = {}
        for name, value in section.items():
            if name in TABLES:
                values[name] = self._inner(TABLES[name], value, (*at, name))
            elif name not in KEYS:
                hint = nearest(name, [*KEYS, *TABLES])
                self._problem((*at, name), f"unknown key {one_line(name)!r}{hint}")
            elif (checked := self._value(KEYS[name], value, (*at, name))) is not None:
                values[name] = checked
        return values

    def _inner(self, keys: Mapping[str, Key], value: Any, at: Path) -> dict[str, Any]:
        """A table within an environment; what is wrong in it is left out."""
        table, checked = at[-1], {}
        if not isinstance(value, Mapping):
            self._problem(at, f"{table} has to be a table with {_listed(keys)}")
            return {}
        for name, one in value.items():
            if name not in keys:
                text = f"unknown key {one_line(name)!r} of {table}{nearest(name, keys)}"
                self._problem((*at, name), text)
            elif (found := self._value(keys[name], one, (*at, name))) is not None:
                checked[name] = found
        return checked

    def _value(self, key: Key, value: Any, at: Path) -> Any:
        name = at[-1]
        match key.kind:
            case Kind.FLAG if isinstance(value, bool):
                return value
            case Kind.COUNT if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
            case Kind.NAMES if isinstance(value, list):
                return self._names(value, at)
            case Kind.TEXTS if isinstance(value, Mapping):
                return self._texts(key, value, at)
            case Kind.TEXT | Kind.IDENTIFIER | Kind.REPOSITORY if isinstance(value, str):
                return self._text(key, value, at)
        wanted = {
            Kind.FLAG: "true or false",
            Kind.COUNT: "a whole number from 1",
            Kind.NAMES: f"a list of names, as in {key.example}",
            Kind.TEXTS: "a table",
        }.get(key.kind, "a text in quotes")
        self._problem(at, f"{name} has to be {wanted}")
        return None

    def _text(self, key: Key, value: str, at: Path) -> str | None:
        name, example = at[-1], f", such as {key.example}" if key.example else ""
        if not value.strip() or one_line(value) != value:
            self._problem(at, f"{name} has to be one line of text{example}")
            return None
        if key.kind is Kind.IDENTIFIER:
            return self._identifier(value, at)
        if key.kind is Kind.REPOSITORY:
            if not re.fullmatch(QUALIFIED, value):
                text = f"{name} has to be NAME, SCHEMA.NAME or DATABASE.SCHEMA.NAME, unquoted"
                self._problem(at, text)
                return None
            return value.lower()
        if key.pattern and not re.fullmatch(key.pattern, value):
            shown = "" if "@" in value else f"is {value!r} and "
            self._problem(at, f"{name} {shown}has to be {key.form}")
            return None
        return value

    def _identifier(self, value: str, at: Path) -> str | None:
        if re.fullmatch(IDENTIFIER, value):
            return value.upper()
        text = f"{at[-1]} is {value!r}, which Snowflake does not take as an unquoted name"
        self._problem(at, f"{text}: use letters, digits, '_' and '$'")
        return None

    def _names(self, value: Sequence[Any], at: Path) -> tuple[str, ...] | None:
        names = []
        for item in value:
            if not isinstance(item, str):
                self._problem(at, f"{at[-1]} has to be a list of names in quotes")
                return None
            if (name := self._identifier(item, at)) is not None:
                names.append(name)
        if len(names) > MOST_INTEGRATIONS:
            self._problem(at, f"{at[-1]} may have at most {MOST_INTEGRATIONS} names")
        return tuple(dict.fromkeys(names))

    def _texts(self, key: Key, value: Mapping[str, Any], at: Path) -> dict[str, str]:
        texts = {}
        for name, item in value.items():
            place = (*at, name)
            if key.names and name not in key.names:
                self._problem(place, f"unknown key {one_line(name)!r}{nearest(name, key.names)}")
            elif key.keys and not re.fullmatch(key.keys, name):
                text = f"{one_line(name)!r} is no name of an environment variable"
                self._problem(place, f"{text}: use letters, digits and '_'")
            elif (literal := _as_text(item)) is None:
                self._problem(place, f"{one_line(name)} has to be a text in quotes")
            elif key.pattern and not re.fullmatch(key.pattern, literal):
                self._problem(place, f"{name} has to be {key.form}")
            elif at[-1] == "variables" and (why := _refused(name, literal)):
                self._problem(place, f"{name} {why}")
            elif at[-1] == "build_args" and looks_like_a_key(name, literal):
                text = "looks like a key or a password, which the image's history would show"
                self._problem(place, f"{name} {text}: it has no business in an image")
            else:
                texts[name] = literal
        return texts

    def _environment(self, name: str, values: Mapping[str, Any]) -> Environment:
        at = ("environments", name)
        missing = [key for key, rule in KEYS.items() if rule.required and key not in values]
        for key in missing:
            # A key that is there but wrong has been complained about already.
            if not self._is_written(at, key):
                example = KEYS[key].example
                text = f"environment {name!r} has no {key} ({KEYS[key].meaning}, such as {example})"
                self._problem(at, text)
        both = set(values.get("variables", {})) & set(values.get("secrets", {}))
        for variable in sorted(both):
            text = f"{variable} is in variables and in secrets: keep one"
            self._problem((*at, "secrets", variable), text)
        least = values.get("min_instances", 1)
        most = values.get("max_instances", least)
        if most < least:
            text = f"max_instances is {most} in environment {name!r}, below min_instances {least}"
            self._problem((*at, "max_instances"), text)
        return _environment(name, values, least, most)

    def _is_written(self, at: Path, key: str) -> bool:
        return any(self._line_of((*place, key)) is not None for place in (at, ("defaults",)))

    def _problem(self, at: Path, text: str) -> None:
        """Remember it with the line of the innermost thing whose line is known."""
        lines = (self._line_of(at[:length]) for length in range(len(at), 0, -1))
        line = next((found for found in lines if found is not None), 1)
        self.problems.append((line, f"line {line}: {text}"))


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _as_text(value: Any) -> str | None:
    """Numbers and booleans as they are written in TOML; texts as they are."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return value if isinstance(value, str) else None


def _refused(name: str, text: str) -> str:
    """Why a literal value cannot be, or empty."""
    if name in _SET_BY_OTHER_KEYS:
        return f"is set by the key {_SET_BY_OTHER_KEYS[name]}: use that"
    if looks_like_a_key(name, text):
        return (
            "looks like a key or a password, which everybody who may DESCRIBE the service could "
            "read: make it a Snowflake secret and name that under secrets"
        )
    return ""


def _inherited(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The environment's own keys before the defaults; tables are merged name by name."""
    merged = {**defaults, **own}
    for key in ("variables", "secrets", "build_args"):
        merged[key] = {**defaults.get(key, {}), **own.get(key, {})}
    # What an environment makes a secret is no variable any more, and the other way round.
    for key, other in (("variables", "secrets"), ("secrets", "variables")):
        kept = own.get(key, {})
        merged[other] = {
            name: value
            for name, value in merged[other].items()
            if name not in kept or name in own.get(other, {})
        }
    merged["resources"] = {
        part: {
            **defaults.get("resources", {}).get(part, {}),
            **own.get("resources", {}).get(part, {}),
        }
        for part in RESOURCES
    }
    merged["setup"] = {**defaults.get("setup", {}), **own.get("setup", {})}
    return merged


def _environment(name: str, values: Mapping[str, Any], least: int, most: int) -> Environment:
    """The value, with empty texts where something that is required is missing."""
    plain = {key: values.get(key, "") for key, rule in KEYS.items() if rule.required}
    given = {key: values[key] for key, rule in KEYS.items() if key in values and not rule.required}
    repository = plain.pop("image_repository").split(".")
    place = (plain["database"].lower(), plain["schema"].lower())
    path = "/".join([*place[: 3 - len(repository)], *repository])
    qualify = (plain["database"], plain["schema"])
    given["secrets"] = {
        variable: _qualified(secret, *qualify) for variable, secret in values["secrets"].items()
    }
    given |= {"min_instances": least, "max_instances": most}
    given["resources"] = ResourceAmounts(**values["resources"])
    given["setup"] = values["setup"]
    return Environment(name=name, image_repository=path, **plain, **given)


def _qualified(secret: str, database: str, schema: str) -> str:
    """The secret's three names in upper case; those left out are the service's (contract 3.2)."""
    parts = secret.upper().split(".")
    return ".".join([*(database, schema)[: 3 - len(parts)], *parts])
