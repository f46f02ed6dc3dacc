"""What the set-up wizard asks of the outside, as one port, and the values that it shows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from spcs_worker_tui.domain.account import InstanceFamily, Standing
    from spcs_worker_tui.domain.fleet import ImageSnapshot
    from spcs_worker_tui.domain.keys import Secret
    from spcs_worker_tui.domain.new_connection import NewConnection
    from spcs_worker_tui.domain.plan import Plan, StepProgress
    from spcs_worker_tui.domain.prefect_places import (
        ActiveProfile,
        PoolChoice,
        PrefectAccess,
        PrefectProof,
        Workspace,
    )
    from spcs_worker_tui.domain.settings import Project
    from spcs_worker_tui.domain.setup import Answers, Survey


@dataclass(frozen=True, slots=True)
class SavedConnection:
    """One that `connections.toml` or `config.toml` has.

    Attributes:
        words: Account, user and how it signs in.
        needs_person: Signing in opens a browser, or asks somebody's telephone.
        problem: Why it cannot be used, or empty.
    """

    name: str
    words: str = ""
    needs_person: bool = False
    problem: str = ""


class SetupDesk(Protocol):
    """All that the wizard can see and do. Nothing changes outside before `apply`.

    It holds the connection and the Prefect API that were chosen last, with what was typed for
    them; `survey`, `work_pools` and what follows are about those.
    """

    @property
    def folder(self) -> PurePath:
        """Where `spcs-worker.toml` is, or will be."""

    async def project(self) -> Project | None:
        """The project's settings; None where there are none yet.

        Raises:
            ConfigurationError: They cannot be read, or something in them is wrong.
        """

    def remembered(self) -> Mapping[str, str]:
        """The answers of a set-up that was left in this folder; empty without. Never raises."""

    def remember(self, answers: Mapping[str, str]) -> None:
        """Keep these answers, none of them secret, for the next time. Never raises."""

    async def connections(self) -> Sequence[SavedConnection]:
        """The saved connections.

        Raises:
            ConfigurationError: A connections file is wrong.
        """

    async def sign_in(self, connection: str | NewConnection, secret: Secret | None) -> Standing:
        """Sign in with it, and use it from now on; a new one is not saved yet.

        Args:
            connection: A saved one's name, or a new one.
            secret: What was typed for it; None: whatever is kept for it.

        Raises:
            KeyMissingError: It takes a secret that is nowhere.
            FleetError: It does not work.
        """

    async def active_profile(self) -> ActiveProfile | None:
        """What Prefect's own tools use now."""

    async def workspaces(self, key: Secret) -> Sequence[Workspace]:
        """The workspaces of Prefect Cloud that this key may use.

        Raises:
            PrefectError: The key is refused, or there is no answer.
        """

    async def use_prefect(self, access: PrefectAccess) -> PrefectProof:
        """Try it, and use it from now on.

        Raises:
            PrefectError: It does not let us in, or does not answer.
        """

    async def work_pools(self) -> Sequence[PoolChoice]:
        """The work pools of the Prefect API in use.

        Raises:
            PrefectError: It does not tell.
        """

    async def survey(self, answers: Answers) -> Survey:
        """What is there of all that the answers need.

        Raises:
            FleetError: An answer cannot be, or the account does not tell.
        """

    async def families(self) -> Sequence[InstanceFamily]:
        """The kinds of nodes that the account offers.

        Raises:
            SnowflakeError: It does not tell.
        """

    async def images(self, answers: Answers) -> Sequence[ImageSnapshot]:
        """What is in the image repository; empty where there is none yet.

        Raises:
            SnowflakeError: The account does not tell.
        """

    async def plan(self, answers: Answers) -> Plan:
        """Everything that will be done, here and there.

        Raises:
            FleetError: It cannot be planned.
        """

    def apply(self, plan: Plan) -> AsyncIterator[StepProgress]:
        """Do a plan that this desk has made; see `Change.apply`."""

    async def close(self) -> None:
        """End what was opened; never raises."""
