"""Hands Apprise, the keyring and what was told before to the operation that tells."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence

from spcs_worker_tui.adapters.apprise_notifier import AppriseNotifier
from spcs_worker_tui.adapters.told_file import ToldFile
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.keys import NOTIFY_VARIABLE
from spcs_worker_tui.operations.notify import Teller, find_addresses
from spcs_worker_tui.wiring.keys import open_keys


def open_teller(
    given: Sequence[str],
    *,
    only_changes: bool,
    require_running: bool,
    connections: Sequence[str],
    patterns: Sequence[str],
) -> Teller:
    """Find the addresses, each checked without sending anything.

    Args:
        given: What stands behind `--notify`.
        only_changes: Tell only what differs from the last time.
        require_running: A suspended service is worth telling.
        connections: Which are asked; with `patterns` it is what makes one check another one.
        patterns: Which services.

    Raises:
        ConfigurationError: An address cannot be used, or there is none.
    """
    notifier = AppriseNotifier()
    addresses = asyncio.run(find_addresses(given, os.environ, open_keys().chain, notifier))
    if not addresses:
        raise ConfigurationError(
            "--notify-changes knows nobody to tell",
            next_step=f"Add --notify, or put an address into {NOTIFY_VARIABLE}.",
        )
    scope = json.dumps([sorted(connections), sorted(patterns), require_running])
    told = ToldFile() if only_changes else None
    return Teller(addresses, notifier, require_running, told, scope)
