"""What setting up needs from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

from spcs_worker_tui.domain.account_port import AccountChanger
from spcs_worker_tui.domain.building import RegistrySession

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import PrefectReader, PrefectWriter
    from spcs_worker_tui.domain.settings import Project
    from spcs_worker_tui.domain.setup import Answers
    from spcs_worker_tui.domain.spec_document import SpecDocument
    from spcs_worker_tui.operations.apply import Engine
    from spcs_worker_tui.operations.build_tools import ImageTools
    from spcs_worker_tui.operations.update import Tools


class SetupSession(AccountChanger, RegistrySession, Protocol):
    """A saved connection that nobody else uses meanwhile: set-up takes roles on in it."""


class ProjectFolder(Protocol):
    """Where a project is, or is laid out. Every method may raise `ConfigurationError`."""

    def missing(self, folder: PurePath) -> Sequence[str]:
        """What of the Dockerfile, the worker and the specification is not there, by path."""

    def lay_out(self, folder: PurePath, parts: Sequence[str], secret_variable: str) -> None:
        """Put there what is missing of these; what is there stays as it is.

        Args:
            folder: Made when missing.
            parts: Of those that `missing` knows.
            secret_variable: The variable that the specification takes from a secret; empty: none.
        """

    def specification(self, folder: PurePath, path: str, secret_variable: str) -> SpecDocument:
        """The specification of that path, or the one that `lay_out` would put there."""

    def project(self, folder: PurePath) -> Project | None:
        """The settings that are in that very folder, or None."""

    def write(self, folder: PurePath, answers: Answers) -> bool:
        """Write the environment into the settings, and leave all others and comments alone.

        Returns:
            Whether anything had to be written.
        """


@dataclass(frozen=True, slots=True)
class SetupTools:
    """Ports, and the engine that applies the plans.

    Attributes:
        session: Of the saved connection that is set up.
        prefect: Reads the work pool.
        writer: Creates it, and runs the smoke flow.
        images: For building and pushing; its sessions have to know this one.
        updates: For creating the service; its sessions have to know this one.
        folder: Where the project is.
        scripts: Name and text of the files under `sql/`.
    """

    session: SetupSession
    prefect: PrefectReader
    writer: PrefectWriter
    engine: Engine
    images: ImageTools
    updates: Tools
    folder: ProjectFolder
    scripts: Callable[[], Sequence[tuple[str, str]]]
