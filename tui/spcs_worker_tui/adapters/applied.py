"""Which spec this program applied last to each service: asked with every look, so read seldom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.history import applied_digest

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.history import HistoryFiles
    from spcs_worker_tui.domain.fleet import ServiceKey


class AppliedSpecs:
    """Reads a service's history only when its folder has changed: every new entry changes it.

    Args:
        history: The files.
    """

    def __init__(self, history: HistoryFiles) -> None:
        self._history = history
        self._known: dict[Path, tuple[int, str | None]] = {}

    def digests(self, account: str, keys: Sequence[ServiceKey]) -> Mapping[ServiceKey, str]:
        """The digests of those services to which something was applied; never raises.

        One look at the account's folder, and one at the folder of each service that has one.
        """
        kept = self._history.services(account)
        if not kept:
            return {}
        found = ((key, self._digest(account, key, kept)) for key in keys)
        return {key: digest for key, digest in found if digest is not None}

    def _digest(self, account: str, key: ServiceKey, kept: frozenset[str]) -> str | None:
        folder = self._history.folder(account, key)
        if folder.name not in kept:
            return None
        try:
            changed = folder.stat().st_mtime_ns
            known = self._known.get(folder)
            if known is None or known[0] != changed:
                known = changed, applied_digest(self._history.entries(account, key))
                self._known[folder] = known
        except (OSError, ConfigurationError):
            # Nothing can be said then; whoever wants to change something is told why.
            return None
        return known[1]
