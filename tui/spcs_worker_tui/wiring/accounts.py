"""Sessions with the saved Snowflake connections; the connector is imported when one signs in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.applied import AppliedSpecs
from spcs_worker_tui.adapters.connections import ConnectionSettings, read_connections
from spcs_worker_tui.adapters.history import HistoryFiles
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.domain.errors import NothingSavedError
from spcs_worker_tui.operations.watch.supplied import SuppliedSession

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import DeployedSpec, ServiceKey
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


def watched(sessions: Iterable[ConnectorSession]) -> tuple[SuppliedSession, ...]:
    """The sessions, helped out by the project's settings where their roles see no spec."""

    @cache
    def project_specs() -> ProjectSpecs:
        # Settings and specifications take time to import, and are seldom asked for.
        from spcs_worker_tui.operations.watch.project_specs import ProjectSpecs  # noqa: PLC0415
        from spcs_worker_tui.wiring.project import project_here, read_document  # noqa: PLC0415

        return ProjectSpecs(project_here, read_document)

    def spec_of(key: ServiceKey) -> DeployedSpec | None:
        return project_specs().spec_of(key)

    return tuple(SuppliedSession(session, spec_of) for session in sessions)
