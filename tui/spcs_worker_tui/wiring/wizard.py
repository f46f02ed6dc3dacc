"""Hands connections, keys, Prefect and the set-up of one account to the wizard's desk."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from spcs_worker_tui.adapters.connections import ConnectionSettings, read_connections
from spcs_worker_tui.adapters.connections_writer import ConnectionsFile, unsaved
from spcs_worker_tui.adapters.prefect.lazy_directory import LazyPrefectDirectory
from spcs_worker_tui.adapters.settings_file import read_settings
from spcs_worker_tui.adapters.settings_place import find_settings
from spcs_worker_tui.adapters.snowflake.keys import need_of
from spcs_worker_tui.adapters.wizard_draft import DraftFile
from spcs_worker_tui.domain.keys import KeyName, Secret
from spcs_worker_tui.domain.new_connection import NewConnection
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.domain.wizard import SavedConnection
from spcs_worker_tui.operations.wizard.desk import WizardDesk
from spcs_worker_tui.operations.wizard.ports import WizardTools
from spcs_worker_tui.wiring.keys import Keys, open_keys
from spcs_worker_tui.wiring.setup import SetupBench, setup_bench


def open_wizard(*, read_only: bool = False) -> WizardDesk:
    """The wizard's desk; touches nothing outside yet.

    Args:
        read_only: Nothing may be changed.
    """
    keys = open_keys()

    def open_bench(connection: str | NewConnection) -> SetupBench:
        settings = _settings(connection)
        return setup_bench(settings, keys.chain, keys.prefect, read_only=read_only)

    found = find_settings(Path.cwd())
    return WizardDesk(
        WizardTools(
            saved=saved,
            key_of=_key_of,
            open=open_bench,
            book=ConnectionsFile(),
            drafts=DraftFile(),
            keys=keys.desk,
            chain=keys.chain,
            prefect=LazyPrefectDirectory(keys.prefect),
            prefect_key=partial(_prefect_key, keys),
            folder=found.parent if found else Path.cwd(),
            project=lambda: read_settings(found) if found else None,
        )
    )


def saved() -> tuple[SavedConnection, ...]:
    """The saved connections.

    Raises:
        ConfigurationError: A file is wrong.
    """
    return tuple(
        SavedConnection(
            one.name,
            one_line(f"{one.account} as {one.user}, {one.authenticator}"),
            one.interactive,
            one.problem,
        )
        for one in read_connections().connections
    )


def _settings(connection: str | NewConnection) -> ConnectionSettings:
    if isinstance(connection, NewConnection):
        return unsaved(connection)
    return read_connections().select([connection])[0]


def _key_of(name: str) -> KeyName:
    return need_of(_settings(name)).name


async def _prefect_key(keys: Keys, api_url: str) -> Secret | None:
    found = await keys.prefect.find_everywhere(api_url)
    value = found.auth_string or found.api_key
    return Secret(value) if value else None
