"""Where the program operates: the user's saved connections, or a sandbox made for this run."""

from __future__ import annotations

import os
from types import TracebackType
from typing import TYPE_CHECKING, Self

from spcs_worker_tui.domain.errors import FleetError

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.launch import LaunchedSandbox

HOME = "SNOWFLAKE_HOME"
STATE = "SPCS_WORKER_TUI_STATE_DIR"
CACHE = "SPCS_WORKER_TUI_CACHE_DIR"


class Place:
    """Lives as long as its context; what it started is gone afterwards.

    With a sandbox nothing differs but the saved connections, and where the audit log and what can
    be found out again are kept: from `prepare` on all are the sandbox's, and nobody asks where
    they lead.

    Args:
        sandbox: Start a local stand-in.
    """

    def __init__(self, *, sandbox: bool) -> None:
        self._wanted = sandbox
        self._launched: LaunchedSandbox | None = None
        self._before = {name: os.environ.get(name) for name in (HOME, STATE, CACHE)}

    def prepare(self) -> None:
        """Start the sandbox, unless that was done or is not wanted; takes about a second.

        Raises:
            FleetError: It did not start.
        """
        if not self._wanted or self._launched is not None:
            return
        from spcs_worker_tui.sandbox.launch import SandboxStartError, launch  # noqa: PLC0415

        try:
            self._launched = launch()
        except SandboxStartError as error:
            raise FleetError(
                str(error), next_step="`spcs-worker-tui sandbox serve` starts it by itself."
            ) from error
        os.environ[HOME] = str(self._launched.home)
        os.environ[STATE] = str(self._launched.home / "state")
        os.environ[CACHE] = str(self._launched.home / "cache")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._launched is None:
            return
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._launched.stop()
