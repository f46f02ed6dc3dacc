"""Back to a specification that was deployed before, with the images that it had then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import ConfigurationError, PlanRefusedError
from spcs_worker_tui.domain.history import TAKEN, HistoryEntry, HistoryKind, HistoryState
from spcs_worker_tui.domain.secrecy import HIDDEN
from spcs_worker_tui.domain.spec_difference import Side, SpecDifference, compare
from spcs_worker_tui.domain.spec_document import SpecDocument, deployed_document
from spcs_worker_tui.operations.update import PlannedUpdate, Tools, Updates, Wish
from spcs_worker_tui.operations.update.present import Present, read_present

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey

PREVIOUS = "previous"
"""Means the newest that differs from what is deployed."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """One specification of the history.

    Attributes:
        difference: What going back to it would change now.
    """

    entry: HistoryEntry
    difference: SpecDifference

    @property
    def is_current(self) -> bool:
        """Whether it is what is deployed now, by meaning."""
        return not self.difference


class Rollbacks:
    """Lists what was deployed, and plans going back.

    Args:
        tools: What updates need from outside.
        updates: Plan the update that going back is.
    """

    def __init__(self, tools: Tools, updates: Updates) -> None:
        self._tools = tools
        self._updates = updates

    async def deployed(self, key: ServiceKey) -> tuple[Deployed, ...]:
        """What was deployed, the newest first, with what differs from now.

        Raises:
            PlanRefusedError: The service is not there.
            FleetError: It or the history cannot be read.
        """
        present = await self._present(key)
        entries = self._tools.history.entries(present.identity.account, key)
        return tuple(
            Deployed(entry, self._difference(present, entry))
            for entry in reversed(entries)
            if entry.state in TAKEN
        )

    async def plan(self, key: ServiceKey, to: str = PREVIOUS, *, why: str = "") -> PlannedUpdate:
        """The update that goes back.

        Args:
            key: Which service.
            to: The number of an entry, or `previous`.
            why: For the history.

        Raises:
            ConfigurationError: There is no such entry, or it cannot be sent again.
            PlanRefusedError: The service is not there, or in no state to be changed.
            FleetError: It or the history cannot be read.
        """
        present = await self._present(key)
        entries = [
            entry
            for entry in self._tools.history.entries(present.identity.account, key)
            if entry.state in TAKEN
        ]
        entry = self._chosen(present, entries, to)
        document = _with_hidden_values(self._document(entry), present)
        wish = Wish(
            key,
            document.with_digests(entry.digests),
            kind=HistoryKind.ROLLED_BACK,
            verb=f"Roll back to {entry.number},",
            why=why or f"back to {entry.number}",
        )
        planned = await self._updates.plan(wish)
        title = f"Roll {key.qualified} back to {entry.number} of {entry.time:%Y-%m-%d %H:%M} UTC"
        change = replace(planned.change, plan=replace(planned.plan, title=title))
        return replace(planned, change=change)

    def _chosen(self, present: Present, entries: list[HistoryEntry], to: str) -> HistoryEntry:
        name = present.service.key.qualified
        if to == PREVIOUS:
            for entry in reversed(entries):
                # What failed to come up is not what anybody wants back.
                failed = entry.state is HistoryState.FAILED
                if not failed and self._difference(present, entry):
                    return entry
            raise ConfigurationError(
                f"nothing is known that was deployed to {name} before",
                next_step="The history begins with the first update made by this program here.",
            )
        found = next((e for e in entries if to.isdecimal() and e.number == int(to)), None)
        if found is None:
            numbers = ", ".join(str(entry.number) for entry in entries[-10:])
            raise ConfigurationError(
                f"the history of {name} has no {to!r}",
                next_step=f"It has {numbers or 'nothing'}; `rollback` without --to lists it.",
            )
        return found

    async def _present(self, key: ServiceKey) -> Present:
        session = self._tools.sessions(key.connection)
        present = await read_present(session, key, self._tools.read_spec)
        if present is None:
            raise PlanRefusedError(f"there is no service {key.qualified} that this role can see")
        return present

    def _difference(self, present: Present, entry: HistoryEntry) -> SpecDifference:
        key = present.service.key
        document = _with_hidden_values(self._document(entry), present, strict=False)
        return compare(
            present.side,
            Side(document, entry.digests),
            home=(key.database, key.schema),
            filled_in=True,
        )

    def _document(self, entry: HistoryEntry) -> SpecDocument:
        try:
            return deployed_document(self._tools.read_spec(entry.spec)).document
        except ConfigurationError as error:
            raise ConfigurationError(
                f"number {entry.number} of the history is damaged: {error}",
                next_step="Go back to another one.",
            ) from error


def _with_hidden_values(
    document: SpecDocument, present: Present, *, strict: bool = True
) -> SpecDocument:
    """The document with what the history does not keep taken from what is deployed now.

    Raises:
        ConfigurationError: It is not there either, and `strict`.
    """
    deployed = present.deployed.document
    for container in document.container_names:
        known = {}
        if container in deployed.container_names:
            known = {v.name: v.value for v in deployed.variables(container) if not v.secret}
        for variable in document.variables(container):
            if variable.value != HIDDEN:
                continue
            if variable.name in known:
                document = document.with_variable(variable.name, known[variable.name], container)
            elif strict:
                raise ConfigurationError(
                    f"{variable.name} looked like a key and was not kept in the history",
                    next_step="Make it a Snowflake secret, and update with a specification that "
                    "names that.",
                )
    return document
