"""Sessions with the saved Snowflake connections; the connector is imported when one signs in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.applied import AppliedSpecs
from spcs_worker_tui.adapters.connections import ConnectionSettings, read_connections
from spcs_worker_tui.adapters.history import HistoryFiles
from spcs_worker_tui.adapters.settings_place import find_settings
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.domain.errors import NothingSavedError
from spcs_worker_tui.operations.watch.supplied import SuppliedSession

if TYPE_CHECKING:
    from spcs_worker_tui.domain.key_ports import KeySource
    from spcs_worker_tui.operations.watch.project_specs import ProjectSpecs


def saved_connections(names: Sequence[str] = ()) -> tuple[ConnectionSettings, ...]:
    """The saved connections of these names; without names, all of them.

    Raises:
        ConfigurationError: A file is wrong, a name is unknown, or nothing is saved at all.
    """
    saved = read_connections()
    chosen = saved.select(names)
    if not chosen:
        raise NothingSavedError(
            f"there is no saved Snowflake connection in {saved.directory}",
            next_step="`spcs-worker-tui setup` makes one and sets a worker up; --sandbox is for "
            "looking around.",
        )
    return chosen


def sessions_of(
    saved: Sequence[ConnectionSettings], keys: KeySource
) -> Mapping[str, ConnectorSession]:
    """A session for each, which knows what was applied from here."""
    applied = AppliedSpecs(HistoryFiles()).digests
    return {settings.name: ConnectorSession(settings, keys, applied) for settings in saved}


def watched(sessions: Iterable[ConnectorSession], *, compares: bool) -> tuple[SuppliedSession, ...]:
    """The sessions, helped out by the project's settings where their roles see no spec.

    Args:
        sessions: Of the connections.
        compares: Compare the specs of the project's services with its files.
    """

    @cache
    def project_specs() -> ProjectSpecs:
        # Settings and specifications take time to import, and often there are none.
        from spcs_worker_tui.operations.watch.project_specs import ProjectSpecs  # noqa: PLC0415
        from spcs_worker_tui.wiring.project import ProjectFiles, read_spec  # noqa: PLC0415

        files = ProjectFiles()
        return ProjectSpecs(files.project_here, files.document, read_spec)

    def local() -> ProjectSpecs | None:
        return project_specs() if find_settings(Path.cwd()) else None

    return tuple(SuppliedSession(session, local, compares=compares) for session in sessions)
