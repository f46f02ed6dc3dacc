"""Updates and going back, as a front end asks for them: by wish, and from a list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.history import PastSpec
from spcs_worker_tui.domain.wishes import RollBack, Update, UpdateWish
from spcs_worker_tui.operations.rollback import Rollbacks
from spcs_worker_tui.operations.update import Tools, Updates, Wish

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.ports import Change
    from spcs_worker_tui.domain.spec_document import SpecDocument


@dataclass(frozen=True, slots=True)
class UpdatePlans:
    """Plans what `Update` and `RollBack` ask for.

    Args:
        tools: What updates need from outside.
        read_document: Reads a specification file, and checks it; may take a while.
    """

    tools: Tools
    read_document: Callable[[Path], SpecDocument]

    async def change(self, wish: UpdateWish) -> Change:
        """What fulfilling it would do; raises as `Updates.plan` and `Rollbacks.plan`."""
        updates = Updates(self.tools)
        match wish:
            case Update():
                document = None
                if wish.spec:
                    document = await asyncio.to_thread(self._document, wish.spec)
                wanted = Wish(wish.service, document, image=wish.image, why=wish.why)
                return await updates.plan(wanted)
            case RollBack():
                rollbacks = Rollbacks(self.tools, updates)
                return await rollbacks.plan(wish.service, wish.to, why=wish.why)

    def _document(self, path: str) -> SpecDocument:
        return self.read_document(Path(path).expanduser())

    async def past_specs(self, key: ServiceKey) -> Sequence[PastSpec]:
        """What was deployed; see the port `FleetConsole`."""
        deployed = await Rollbacks(self.tools, Updates(self.tools)).deployed(key)
        return tuple(PastSpec(one.entry, tuple(one.difference.words)) for one in deployed)
