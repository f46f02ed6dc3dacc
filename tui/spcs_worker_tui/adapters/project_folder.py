"""A project's folder: laid out from the template, and its settings written.

Implements the port `ProjectFolder`. What is there is never overwritten; of the settings only the
keys of one environment are set, everything else and every comment stays.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from spcs_worker_tui.adapters.settings_file import read_settings
from spcs_worker_tui.adapters.spec_yaml import read_spec
from spcs_worker_tui.adapters.template import PARTS, template_files, template_folder
from spcs_worker_tui.adapters.toml_text import read_toml
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.settings import FILE_NAME, Project
from spcs_worker_tui.domain.settings_reader import read_project
from spcs_worker_tui.domain.setup import KEY_VARIABLES, Answers
from spcs_worker_tui.domain.spec_document import SpecDocument, written_document

_SPECIFICATION = "spcs-service-spec.yaml"
_SECRETS = re.compile(r"^ {6}secrets:\n(?: {8}.*\n)+", re.MULTILINE)
_HEADER = (
    "# Where this project's Prefect worker is deployed to. `spcs-worker-tui project keys` lists "
    "every key.\n"
)


class _NotATableError(Exception):
    """Something in the settings is no table, and should be one."""


class TemplateFolder:
    """Implements the port `ProjectFolder`."""

    def missing(self, folder: PurePath) -> Sequence[str]:
        """What is not there yet of what a project needs; see the port."""
        return [part for part in PARTS if not (Path(folder) / part).exists()]

    def lay_out(self, folder: PurePath, parts: Sequence[str], secret_variable: str) -> None:
        """Put there what is missing of these; see the port."""
        try:
            for part in (part for part in self.missing(folder) if part in parts):
                for path in template_files(part):
                    self._copy(path, Path(folder) / path, secret_variable)
        except OSError as error:
            raise ConfigurationError(
                f"{folder} cannot be written: {error.strerror}",
                next_step="Choose a folder that you may write, with --folder.",
            ) from error

    def _copy(self, path: Path, to: Path, secret_variable: str) -> None:
        to.parent.mkdir(parents=True, exist_ok=True)
        source = template_folder() / path
        if path.name == _SPECIFICATION:
            _write(to, _specification(source.read_text("utf-8"), secret_variable))
        else:
            shutil.copyfile(source, to)

    def specification(self, folder: PurePath, path: str, secret_variable: str) -> SpecDocument:
        """The one that is there, or that would be put there; see the port."""
        place = Path(folder) / path
        try:
            if place.exists():
                text = place.read_text("utf-8")
            else:
                text = _specification(
                    (template_folder() / _SPECIFICATION).read_text("utf-8"), secret_variable
                )
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ConfigurationError(f"{place} cannot be read: {why}") from error
        try:
            node = read_spec(text)
        except ConfigurationError as error:
            raise ConfigurationError(f"{place}, {error}", next_step=error.next_step) from error
        return written_document(node, str(place))

    def project(self, folder: PurePath) -> Project | None:
        """The settings in that very folder; see the port."""
        path = Path(folder) / FILE_NAME
        return read_settings(path) if path.is_file() else None

    def write(self, folder: PurePath, answers: Answers) -> bool:
        """Write the environment; see the port."""
        path = Path(folder) / FILE_NAME
        try:
            before = path.read_text("utf-8") if path.exists() else ""
            after = with_environment(before, answers)
            read_project(read_toml(after), path, lambda _: None)
            if after == before:
                return False
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, after)
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ConfigurationError(
                f"{path} cannot be written: {why}",
                next_step="Choose a folder that you may write, with --folder.",
            ) from error
        except (TOMLKitError, _NotATableError) as error:
            raise ConfigurationError(
                f"{path} is no settings file that could be added to",
                next_step="Look with `spcs-worker-tui project show`, and correct it.",
            ) from error
        return True


def with_environment(text: str, answers: Answers) -> str:
    """The settings with that environment in them.

    What `[defaults]` says already is not said again, and keys that are as wanted stay as they are
    written.

    Raises:
        TOMLKitError: The text is no TOML.
        _NotATableError: It has something else where the environments are.
    """
    document = tomlkit.parse(text or _HEADER)
    if "environments" not in document:
        document["default_environment"] = answers.environment
        document["environments"] = tomlkit.table(is_super_table=True)
    environments: Any = document["environments"]
    if not isinstance(environments, dict):
        raise _NotATableError("environments")
    if answers.environment not in environments:
        environments[answers.environment] = tomlkit.table()
    table = environments[answers.environment]
    if not isinstance(table, dict):
        raise _NotATableError(answers.environment)
    defaults: Any = document.get("defaults", {})
    for name, value in _keys(answers).items():
        _set(table, defaults, name, value)
    return tomlkit.dumps(document)


def _keys(answers: Answers) -> dict[str, Any]:
    environment = answers.as_environment()
    keys: dict[str, Any] = {
        name: getattr(environment, name)
        for name in ("connection", "database", "schema", "service", "compute_pool")
    }
    keys["image_repository"] = answers.repository
    keys["image"] = environment.image
    keys["tag"] = environment.tag
    keys["external_access_integrations"] = list(environment.external_access_integrations)
    keys["prefect_api_url"] = environment.prefect_api_url
    keys["work_pool"] = environment.work_pool
    keys["min_instances"] = environment.min_instances
    if environment.max_instances != environment.min_instances:
        keys["max_instances"] = environment.max_instances
    if environment.secrets:
        keys["secrets"] = dict(environment.secrets)
    keys["setup"] = answers.setup_keys()
    return keys


def _set(table: dict[str, Any], defaults: Mapping[str, Any], name: str, value: Any) -> None:
    """Set a key, unless it is as wanted by itself or by inheritance."""
    if isinstance(value, dict):
        inherited = defaults.get(name, {})
        wanted = {k: v for k, v in value.items() if not _same(k, inherited.get(k), v)}
        if name not in table and wanted:
            table[name] = tomlkit.inline_table() if name == "secrets" else tomlkit.table()
        inner: Any = table.get(name, {})
        for key, one in wanted.items():
            if not _same(key, inner.get(key), one):
                inner[key] = one
        return
    now = table.get(name, defaults.get(name))
    if not _same(name, now, value):
        table[name] = value


_CASED = frozenset({"connection", "image", "tag", "work_pool", "prefect_api_url"})


def _same(name: str, now: Any, wanted: Any) -> bool:
    """Whether the settings say that; names of Snowflake's in any case, and more or less whole."""
    if now is None:
        return False
    if name in _CASED or not isinstance(wanted, str | list):
        return bool(now == wanted)
    if isinstance(wanted, list):
        return [str(one).upper() for one in now] == wanted
    if name in (*KEY_VARIABLES, "image_repository"):
        return f".{wanted.upper()}".endswith(f".{str(now).upper()}")
    return str(now).upper() == wanted.upper()


def _specification(text: str, secret_variable: str) -> str:
    """The template, with the secret as that variable, or without one."""
    if not secret_variable:
        return _SECRETS.sub("", text)
    return text.replace(f"envVarName: {KEY_VARIABLES[0]}", f"envVarName: {secret_variable}")


def _write(path: Path, text: str) -> None:
    """In one piece: a file that is half written is no settings file."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
