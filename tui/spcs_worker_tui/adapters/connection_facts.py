"""What `doctor` wants to know of the connections files; never raises."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from spcs_worker_tui.adapters.connections import (
    ConnectionSettings,
    connection_files,
    read_connections,
)
from spcs_worker_tui.domain.doctor_connections import (
    ConnectionsFacts,
    FileFacts,
    SavedConnection,
)
from spcs_worker_tui.domain.errors import ConfigurationError


def connection_facts(
    names: Sequence[str] = (), environ: Mapping[str, str] = os.environ
) -> ConnectionsFacts:
    """Read the files, and look at who else may.

    Args:
        names: Saved connections; without names, all of them.
        environ: Where the directory is named.
    """
    paths = connection_files(environ)
    directory = str(paths[0].parent)
    try:
        saved = read_connections(environ)
        chosen = saved.select(names)
    except ConfigurationError as error:
        files = tuple(file for path in paths if (file := _file(path)) is not None)
        return ConnectionsFacts(directory, files, error=error)
    # Which of the two files holds it is not told; the stricter reading does for both.
    has_secrets = any(connection.secrets for connection in saved.connections)
    files = tuple(
        file for path in paths if (file := _file(path, has_secrets=has_secrets)) is not None
    )
    return ConnectionsFacts(directory, files, tuple(_saved(one) for one in chosen))


def _file(path: Path, *, has_secrets: bool = False) -> FileFacts | None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
    return FileFacts(str(path), mode if os.name == "posix" else None, has_secrets)


def _saved(settings: ConnectionSettings) -> SavedConnection:
    return SavedConnection(
        settings.name,
        settings.problem,
        settings.authenticator,
        settings.private_key_file or settings.private_key_path,
    )


def make_private(path: str) -> None:
    """Let only this user read and write the file.

    Raises:
        ConfigurationError: The system does not allow it.
    """
    try:
        Path(path).chmod(stat.S_IRUSR | stat.S_IWUSR)
    except OSError as error:
        raise ConfigurationError(
            f"the rights on {path} cannot be changed: {error.strerror}",
            next_step="Have its owner do it.",
        ) from error
