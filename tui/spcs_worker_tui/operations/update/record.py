"""Keeps in the history what an update sends, before it is sent, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.history import HistoryEntry, HistoryKind, HistoryState, HistoryStore
from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.ports import Clock, Identity
    from spcs_worker_tui.domain.spec_document import SpecDocument
    from spcs_worker_tui.operations.update.present import Present


class Record:
    """The history of one update.

    Args:
        history: Where it is kept.
        key: Of which service.
        identity: Who changes it.
        clock: Time.
        unfinished: The entry of an earlier run that was interrupted.
    """

    def __init__(
        self,
        history: HistoryStore,
        key: ServiceKey,
        identity: Identity,
        clock: Clock,
        unfinished: HistoryEntry | None = None,
    ) -> None:
        self._history = history
        self._key = key
        self._identity = identity
        self._clock = clock
        self._entry = unfinished

    def keep_found(self, present: Present) -> None:
        """What is deployed, unless it is known: it was there before us, or is somebody else's.

        Raises:
            ConfigurationError: It cannot be kept, so nothing should be changed.
        """
        digest = present.service.spec_digest
        entries = self._history.entries(self._identity.account, self._key)
        if any(e.spec_digest == digest for e in entries if e.state is not HistoryState.REFUSED):
            return
        self._add(
            HistoryEntry(
                time=present.service.updated_on or self._clock.now(),
                kind=HistoryKind.FOUND,
                state=HistoryState.APPLIED,
                spec=present.deployed.document.without_hidden_values().text,
                spec_digest=digest,
                digests=present.deployed.digests,
            )
        )

    def begin(
        self,
        kind: HistoryKind,
        document: SpecDocument,
        digests: Mapping[str, str],
        *,
        why: str,
        plan_id: str,
    ) -> None:
        """What is about to be sent, so that an interruption does not lose why; raises the same."""
        self._entry = self._add(
            HistoryEntry(
                time=self._clock.now(),
                kind=kind,
                state=HistoryState.BEGUN,
                spec=document.without_hidden_values().text,
                digests=digests,
                why=one_line(why),
                snowflake_user=self._identity.user,
                role=self._identity.role,
                plan_id=plan_id,
            )
        )

    def refused(self) -> None:
        """The account did not take it."""
        if self._entry is not None:
            self._replace(replace(self._entry, state=HistoryState.REFUSED))

    def applied(self, spec_digest: str, digests: Mapping[str, str]) -> None:
        """The account took it, and this is what it calls it."""
        if self._entry is not None:
            self._replace(
                replace(
                    self._entry,
                    state=HistoryState.APPLIED,
                    spec_digest=spec_digest,
                    digests=digests or self._entry.digests,
                )
            )

    def ended(self, *, well: bool) -> None:
        """The service came up with it, or did not."""
        if self._entry is not None:
            state = HistoryState.READY if well else HistoryState.FAILED
            self._replace(replace(self._entry, state=state))

    def _add(self, entry: HistoryEntry) -> HistoryEntry:
        return self._history.add(self._identity.account, self._key, entry)

    def _replace(self, entry: HistoryEntry) -> None:
        self._entry = entry
        self._history.replace(self._identity.account, self._key, entry)
