"""What the wizard's pages ask for, done: nothing outside changes before the plan is applied."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, NoReturn

from spcs_worker_tui.domain.errors import (
    KeyringError,
    NotVisibleError,
    PlanRefusedError,
    PrefectNotFoundError,
)
from spcs_worker_tui.domain.new_connection import NewConnection
from spcs_worker_tui.domain.plan import Plan, Step, StepProgress
from spcs_worker_tui.domain.prefect_places import (
    ActiveProfile,
    PoolChoice,
    PrefectAccess,
    PrefectProof,
    Workspace,
)
from spcs_worker_tui.operations.apply import Action, Outcome, PlannedChange, Tell
from spcs_worker_tui.operations.setup import Setup

if TYPE_CHECKING:
    from spcs_worker_tui.domain.account import InstanceFamily, Standing
    from spcs_worker_tui.domain.fleet import ImageSnapshot
    from spcs_worker_tui.domain.keys import KeyName, Secret
    from spcs_worker_tui.domain.prefect import WorkPoolKey, WorkPoolSnapshot
    from spcs_worker_tui.domain.settings import Project
    from spcs_worker_tui.domain.setup import Answers, Survey
    from spcs_worker_tui.domain.wizard import SavedConnection
    from spcs_worker_tui.operations.wizard.ports import SetupBench, WizardTools

_FOLDER = "folder"
"""Under this name is kept where the answers were given: elsewhere they are about other things."""


class WizardDesk:
    """Implements the port `SetupDesk`.

    Args:
        tools: What it needs from outside.
    """

    def __init__(self, tools: WizardTools) -> None:
        self._tools = tools
        self._bench: SetupBench | None = None
        self._new: NewConnection | None = None
        self._connection_key: tuple[KeyName, Secret] | None = None
        self._access: PrefectAccess | None = None
        self._planned: PlannedChange | None = None

    @property
    def folder(self) -> PurePath:
        """Where the project is, or will be."""
        return self._tools.folder

    async def project(self) -> Project | None:
        """Its settings; see the port."""
        return await asyncio.to_thread(self._tools.project)

    def remembered(self) -> Mapping[str, str]:
        """The answers that were kept; see the port."""
        answers = dict(self._tools.drafts.load())
        return answers if answers.pop(_FOLDER, "") == str(self.folder) else {}

    def remember(self, answers: Mapping[str, str]) -> None:
        """Keep these; see the port."""
        kept = {**answers, _FOLDER: str(self.folder)} if answers else {}
        self._tools.drafts.save(kept)

    # Snowflake

    async def connections(self) -> Sequence[SavedConnection]:
        """The saved ones; see the port."""
        return await asyncio.to_thread(self._tools.saved)

    async def sign_in(self, connection: str | NewConnection, secret: Secret | None) -> Standing:
        """Sign in, and use it from now on; see the port."""
        await self._close_bench()
        self._new, self._connection_key = None, None
        key = None
        if secret is not None:
            key = await self._key_of(connection)
            self._tools.chain.hand_over(key, secret)
        bench = self._tools.open(connection)
        try:
            await bench.tools.session.open(interactive=True)
            standing = await bench.tools.session.standing()
        except BaseException:
            # Also when somebody stopped waiting for a browser.
            if key is not None:
                self._tools.chain.forget(key)
            await bench.close()
            raise
        self._bench = bench
        self._new = connection if isinstance(connection, NewConnection) else None
        self._connection_key = (key, secret) if key is not None and secret is not None else None
        return standing

    async def _key_of(self, connection: str | NewConnection) -> KeyName:
        if isinstance(connection, str):
            return await asyncio.to_thread(self._tools.key_of, connection)
        assert connection.key is not None, "a secret was typed for it"
        return connection.key

    @property
    def _open_bench(self) -> SetupBench:
        if self._bench is None:
            raise PlanRefusedError(
                "nobody is signed in to Snowflake", next_step="Go back to the first step."
            )
        return self._bench

    # Prefect

    async def active_profile(self) -> ActiveProfile | None:
        """What Prefect's own tools use now."""
        return await asyncio.to_thread(self._tools.prefect.active)

    async def workspaces(self, key: Secret) -> Sequence[Workspace]:
        """Those of Prefect Cloud; see the port."""
        return await self._tools.prefect.workspaces(PrefectAccess("", secret=key))

    async def use_prefect(self, access: PrefectAccess) -> PrefectProof:
        """Try it, and use it from now on; see the port."""
        proof = await self._tools.prefect.test(access)
        if self._access is not None:
            self._tools.chain.forget(self._access.key)
        if access.secret is not None:
            self._tools.chain.hand_over(access.key, access.secret)
        self._access = access
        return proof

    async def work_pools(self) -> Sequence[PoolChoice]:
        """Those of the API in use; see the port."""
        return await self._tools.prefect.work_pools(self._open_access)

    @property
    def _open_access(self) -> PrefectAccess:
        if self._access is None:
            raise PlanRefusedError(
                "no Prefect API was chosen yet", next_step="Go back to that step."
            )
        return self._access

    # The account

    async def survey(self, answers: Answers) -> Survey:
        """What is there; see the port."""
        bench = self._open_bench
        if self._access is None:
            # What a role may do can be seen before Prefect is chosen, and Prefect is not asked.
            return await Setup(replace(bench.tools, prefect=_NoPrefect())).survey(answers)
        return await bench.setup.survey(answers)

    async def families(self) -> Sequence[InstanceFamily]:
        """The kinds of nodes; see the port."""
        return await self._open_bench.tools.session.show_instance_families()

    async def images(self, answers: Answers) -> Sequence[ImageSnapshot]:
        """What is in the repository; see the port."""
        repository = answers.as_environment().image_repository
        try:
            return await self._open_bench.tools.session.show_images(repository)
        except NotVisibleError:
            return ()

    async def plan(self, answers: Answers) -> Plan:
        """Everything, with what is saved here first; see the port."""
        access = self._open_access
        secret = access.secret
        if secret is None and answers.secret:
            secret = await self._tools.prefect_key(access.api_url)
        planned = await self._open_bench.setup.plan(answers, secret)
        keep, warnings = await self._keeping()
        change = planned.change
        self._planned = change.engine.change(
            replace(change.plan, warnings=(*warnings, *change.plan.warnings)),
            (*await self._saving(), *keep, *change.actions),
            change.check,
            (*change.secrets, *(value.reveal() for _, value in self._typed())),
        )
        return self._planned.plan

    def _typed(self) -> list[tuple[KeyName, Secret]]:
        """The keys that are kept when the plan is applied."""
        typed = [self._connection_key] if self._connection_key else []
        if self._access is not None and self._access.secret is not None:
            typed.append((self._access.key, self._access.secret))
        return typed

    async def _saving(self) -> list[Action]:
        new, book = self._new, self._tools.book
        if new is None or await asyncio.to_thread(book.is_saved, new):
            return []
        verb = "Save" if new.name not in await asyncio.to_thread(book.names) else "Replace"

        async def save(_: Tell) -> Outcome:
            return Outcome(await asyncio.to_thread(book.save, new))

        return [Action(Step("save", f"{verb} connection {new.name} in {book.place()}"), save)]

    async def _keeping(self) -> tuple[list[Action], tuple[str, ...]]:
        """What keeps the keys that were typed; without a keyring, what to do instead."""
        typed = self._typed()
        if not typed:
            return [], ()
        try:
            where = await self._tools.keys.keyring()
        except KeyringError as error:
            names = " and ".join(name.words for name, _ in typed)
            variables = " and ".join(name.variables[0] for name, _ in typed)
            return [], (
                f"There is no keyring to keep {names} in ({error.message}): it is used now, and "
                f"later it has to be in the environment, as {variables}.",
            )
        return [self._keep(name, secret, where) for name, secret in typed], ()

    def _keep(self, name: KeyName, secret: Secret, where: str) -> Action:
        async def keep(_: Tell) -> Outcome:
            await self._tools.keys.keep(name, secret)
            self._tools.chain.hand_over(name, secret)  # nobody is asked again in this run
            return Outcome(where)

        return Action(Step(f"keep-{name.kind}", f"Keep {name.words} in the keyring"), keep)

    async def apply(self, plan: Plan) -> AsyncGenerator[StepProgress, None]:
        """Do the plan that was made last; see the port.

        Raises:
            PlanRefusedError: It is another one, or the account has changed since.
        """
        planned = self._planned
        if planned is None or planned.plan.id != plan.id:
            raise PlanRefusedError("this plan is out of date", next_step="Make it again.")
        self._planned = None
        async with aclosing(planned.apply()) as events:
            async for progress in events:
                yield progress

    async def close(self) -> None:
        """End the session; never raises."""
        await self._close_bench()

    async def _close_bench(self) -> None:
        bench, self._bench = self._bench, None
        if bench is not None:
            await bench.close()


class _NoPrefect:
    """Implements `PrefectReader` where no API was chosen yet: it has no work pool."""

    async def work_pool(self, key: WorkPoolKey) -> WorkPoolSnapshot:
        """There is none."""
        self._refuse(key)

    async def close(self) -> None:
        """Nothing was opened."""

    @staticmethod
    def _refuse(key: WorkPoolKey) -> NoReturn:
        raise PrefectNotFoundError(f"no work pool {key.name} yet")
