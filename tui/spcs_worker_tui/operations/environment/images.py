"""Keeps a change of variables from rolling out another image.

ALTER SERVICE … FROM SPECIFICATION looks up anew what each tag means (contract 1.8). Whoever
changes a variable does not mean to deploy what somebody else has pushed since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import ConfigurationError, PlanRefusedError
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.operations.apply.ground import AGAIN
from spcs_worker_tui.operations.update.images import resolve
from spcs_worker_tui.operations.update.wish import Wish

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.ports import SnowflakeSession
    from spcs_worker_tui.domain.spec_document import DeployedDocument, SpecDocument


@dataclass(frozen=True, slots=True)
class KeptImages:
    """A document whose images will be the deployed ones.

    Attributes:
        pinned: Containers whose tag does not mean what is deployed, as far as can be seen.
    """

    document: SpecDocument
    pinned: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        return tuple(
            f"{one_line(self.document.images[name].partition('@')[0])} does not mean the deployed "
            f"image any more, or that cannot be seen: container {name} stays on the one that it "
            "has, pinned by its digest. `update` rolls out another one."
            for name in self.pinned
        )


async def keep_images(
    session: SnowflakeSession, key: ServiceKey, document: SpecDocument, deployed: DeployedDocument
) -> KeptImages:
    """The document with those images pinned whose tags do not mean what is deployed any more.

    Tags that do are left alone, so that the service can be seen to be behind them later.

    Raises:
        SnowflakeError: An image repository cannot be read now.
    """
    moved = await _moved(session, key, document, deployed)
    digests = {name: deployed.digests[name] for name in moved}
    return KeptImages(document.with_digests(digests), tuple(moved))


async def refuse_moved(
    session: SnowflakeSession, key: ServiceKey, document: SpecDocument, deployed: DeployedDocument
) -> None:
    """Nothing, or a refusal where a tag has moved since the plan was made.

    Raises:
        PlanRefusedError: Says which.
        SnowflakeError: An image repository cannot be read now.
    """
    for name in await _moved(session, key, document, deployed, unread_counts=False):
        raise PlanRefusedError(
            f"{one_line(document.images[name])} means another image since the plan was made",
            next_step=AGAIN,
        )


async def _moved(
    session: SnowflakeSession,
    key: ServiceKey,
    document: SpecDocument,
    deployed: DeployedDocument,
    *,
    unread_counts: bool = True,
) -> Sequence[str]:
    """Containers by tag that would get another image, or of which nobody can say."""
    by_tag = [
        name
        for name in document.container_names
        if "@" not in document.images[name] and name in deployed.digests
    ]
    if not by_tag:
        return ()
    try:
        now = (await resolve(session, Wish(key, document), deployed)).digests
    except ConfigurationError:
        return by_tag  # a tag is gone
    return [
        name
        for name in by_tag
        if now.get(name, "" if unread_counts else deployed.digests[name]) != deployed.digests[name]
    ]
