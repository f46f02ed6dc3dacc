"""Writes one connection into `connections.toml`, and leaves everything else in it as it is.

No secret goes into the file: the connector would read one from there, and so would whoever gets
hold of a backup. Rules: contract 7.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.adapters.connections import (
    ConnectionSettings,
    connection_files,
    read_connections,
)
from spcs_worker_tui.adapters.toml_text import read_toml
from spcs_worker_tui.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from spcs_worker_tui.domain.new_connection import NewConnection

_NAME = "connections.toml"
_FOR_ME_ALONE = 0o600
_BOM = "\ufeff"


class ConnectionsFile:
    """Implements the port `ConnectionBook`.

    Args:
        environ: Says where the connector looks; the process's own by default.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ

    @property
    def path(self) -> Path:
        """The file, where the connector reads it now."""
        return connection_files(self._environ)[0]

    def place(self) -> str:
        """The file, in words."""
        return str(self.path)

    def names(self) -> tuple[str, ...]:
        """The connections that there are.

        Raises:
            ConfigurationError: A file is wrong, or may be written by others.
        """
        return tuple(c.name for c in read_connections(self._environ).connections)

    def is_saved(self, connection: NewConnection) -> bool:
        """Whether the file says of it exactly this.

        Raises:
            ConfigurationError: A file is wrong, or may be written by others.
        """
        read_connections(self._environ)
        text = _read(self.path).removeprefix(_BOM)
        return bool(read_toml(text).get(connection.name) == dict(connection.options))

    def save(self, connection: NewConnection) -> str:
        """Write it; one of this name is replaced, and its secrets in the file are gone.

        Returns:
            The path of the file.

        Raises:
            ConfigurationError: The file is wrong or cannot be written, or the name belongs to a
                connection in config.toml, whose settings would be mixed with these.
        """
        read_connections(self._environ)
        path = self.path
        before = _read(path)
        if connection.name not in read_toml(before.removeprefix(_BOM)) and (
            connection.name in self.names()
        ):
            raise ConfigurationError(
                f"connection {connection.name} is in {path.parent / 'config.toml'}",
                next_step="Choose another name, or take it out of that file.",
            )
        after = _with(before, connection)
        if after != before:
            _write(path, before, after)
        return str(path)


def unsaved(connection: NewConnection) -> ConnectionSettings:
    """What signs in with it before it is saved; its secret comes from the same place as ever."""
    return ConnectionSettings(
        name=connection.name,
        account=connection.address.account,
        user=connection.user,
        role=connection.role,
        host=connection.address.host,
        authenticator=connection.way.value,
        interactive=connection.way.needs_person,
        private_key_file=connection.private_key_file,
        options=connection.options,
    )


def _read(path: Path) -> str:
    try:
        # Bytes: newlines stay what they are.
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise _unwritable(path, error) from error


def _with(before: str, connection: NewConnection) -> str:
    """The file's text with this connection in it.

    Raises:
        ConfigurationError: The file is written in a way that cannot be edited safely.
    """
    import tomlkit  # noqa: PLC0415 - for those who save one

    text = before.removeprefix(_BOM)
    document = tomlkit.parse(text)
    options = dict(connection.options)
    if connection.name in document:
        _replace(document[connection.name], options)
    else:
        if text and not text.endswith("\n"):
            document.add(tomlkit.nl())
        if text:
            document.add(tomlkit.nl())
        table = tomlkit.table()
        table.update(options)
        document.append(connection.name, table)
    after = tomlkit.dumps(document)
    if "\r\n" in text:
        after = after.replace("\r\n", "\n").replace("\n", "\r\n")
    if read_toml(after) != read_toml(text) | {connection.name: options}:
        raise ConfigurationError(
            f"{_NAME} is written in a way that cannot be edited without touching other entries",
            next_step=f"Write connection {connection.name} into it by hand.",
        )
    return _BOM * before.startswith(_BOM) + after


def _replace(table: Any, options: Mapping[str, str | int]) -> None:
    """Other settings in the same place; comments stay where they are."""
    for name in [name for name in table if name not in options]:
        del table[name]
    # What stands behind the last setting is about the section that follows.
    body = getattr(getattr(table, "value", None), "body", [])
    behind = []
    while body and body[-1][0] is None:
        behind.append(body.pop()[1])
    for name, value in options.items():
        if table.get(name) != value:
            table[name] = value
    for item in reversed(behind):
        if item.as_string():  # what was taken out leaves nothing behind
            table.append(None, item)


def _write(path: Path, before: str, after: str) -> None:
    """In one step, for its owner alone; a link stays one."""
    path = path.resolve()
    new = None
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{_NAME}.", dir=path.parent)  # mode 0600
        new = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(after.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        new.chmod(_FOR_ME_ALONE)
        if _read(path) != before:
            raise ConfigurationError(
                f"{path} was changed by another program meanwhile", next_step="Try again."
            )
        new.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        if new is not None:
            with contextlib.suppress(FileNotFoundError):
                new.unlink()


def _unwritable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"{path} cannot be written: {error.strerror}",
        next_step="Make it a file that you may write, in a directory that you may write to.",
    )
