"""What the project's own files say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.settings_file import read_settings
from spcs_worker_tui.adapters.settings_place import find_settings
from spcs_worker_tui.adapters.unchanged import WhileUnchanged
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.settings import FILE_NAME, Project
from spcs_worker_tui.domain.spec_document import SpecDocument, written_document

if TYPE_CHECKING:
    from spcs_worker_tui.domain.dotenv import DotenvEntry
    from spcs_worker_tui.domain.spec_source import Node


def read_project(path: Path | None = None) -> Project:
    """The project's settings, from that file or the nearest one upwards of where we are.

    Raises:
        ConfigurationError: There is none, or something in it is wrong.
    """
    found = path or find_settings(Path.cwd())
    if found is None:
        raise ConfigurationError(
            f"there is no {FILE_NAME} here or in a folder above",
            next_step="Write one (`spcs-worker-tui project keys`), or name a service instead.",
        )
    return read_settings(found)


class ProjectFiles:
    """The project's files, for who asks again and again: read anew only when they change."""

    def __init__(self) -> None:
        self._settings = WhileUnchanged(read_settings)
        self.document = WhileUnchanged(read_document)

    def project_here(self) -> Project | None:
        """The nearest settings upwards of where we are, or None; raises as `read_project`."""
        found = find_settings(Path.cwd())
        return self._settings(found) if found else None


def read_document(path: Path) -> SpecDocument:
    """A specification file, checked.

    Raises:
        ConfigurationError: It cannot be read, or something in it is wrong.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(
            f"the specification {path} cannot be read: {why}",
            next_step="Name it with --spec, or with spec in the settings.",
        ) from error
    try:
        node = read_spec(text)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}, {error}", next_step=error.next_step) from error
    return written_document(node, str(path))


def read_spec(text: str) -> Node:
    """A specification's YAML; raises as `adapters.spec_yaml.read_spec`."""
    from spcs_worker_tui.adapters import spec_yaml  # noqa: PLC0415 - ruamel is slow

    return spec_yaml.read_spec(text)


def read_variables(text: str, source: str) -> tuple[DotenvEntry, ...]:
    """KEY=VALUE lines; see `adapters.dotenv_lines`.

    Raises:
        ConfigurationError: They are wrong; it says all that is.
    """
    from spcs_worker_tui.adapters.dotenv_lines import read_lines  # noqa: PLC0415 - seldom

    return read_lines(text, source)
