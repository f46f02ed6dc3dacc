"""What the wizard's desk needs from outside, as protocols."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from spcs_worker_tui.domain.keys import KeyName, Secret
    from spcs_worker_tui.domain.new_connection import NewConnection
    from spcs_worker_tui.domain.prefect_places import PrefectDirectory
    from spcs_worker_tui.domain.settings import Project
    from spcs_worker_tui.domain.wizard import SavedConnection
    from spcs_worker_tui.operations.keys import Keychain, KeyDesk
    from spcs_worker_tui.operations.setup import Setup, SetupTools


class ConnectionBook(Protocol):
    """The connector's saved connections."""

    def place(self) -> str:
        """Where new ones are written to, in words."""

    def names(self) -> Sequence[str]:
        """Those that there are.

        Raises:
            ConfigurationError: A file is wrong.
        """

    def is_saved(self, connection: NewConnection) -> bool:
        """Whether it is there, exactly as it is; raises as `names`."""

    def save(self, connection: NewConnection) -> str:
        """Write it, and leave all others as they are; returns where it is.

        Raises:
            ConfigurationError: It cannot be written.
        """


class DraftStore(Protocol):
    """The answers of a set-up that was left."""

    def load(self) -> Mapping[str, str]:
        """What was kept; never raises."""

    def save(self, answers: Mapping[str, str]) -> None:
        """Keep these instead; never raises."""


class SetupBench(Protocol):
    """What sets up one connection."""

    @property
    def setup(self) -> Setup:
        """Looks, and plans."""

    @property
    def tools(self) -> SetupTools:
        """What it stands on; its session is the connection's own."""

    async def close(self) -> None:
        """End what was opened; never raises."""


@dataclass(frozen=True, slots=True)
class WizardTools:
    """Ports, and what opens a connection.

    Attributes:
        saved: The saved connections; reads files, raises ConfigurationError.
        key_of: The key of a saved one; reads files, raises ConfigurationError.
        open: Makes what sets up a saved or a new connection; signs in to nothing yet.
        prefect_key: What is saved for a Prefect API, or None.
        folder: Where the project is.
        project: Its settings, None where there are none; reads files, raises ConfigurationError.
    """

    saved: Callable[[], Sequence[SavedConnection]]
    key_of: Callable[[str], KeyName]
    open: Callable[[str | NewConnection], SetupBench]
    book: ConnectionBook
    drafts: DraftStore
    keys: KeyDesk
    chain: Keychain
    prefect: PrefectDirectory
    prefect_key: Callable[[str], Awaitable[Secret | None]]
    folder: PurePath
    project: Callable[[], Project | None]
