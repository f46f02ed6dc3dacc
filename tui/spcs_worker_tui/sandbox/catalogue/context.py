"""What every statement is answered from: the account, the machinery, and who asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue.privileges import effective_roles

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Account
    from spcs_worker_tui.sandbox.catalogue.platform import Platform
    from spcs_worker_tui.sandbox.catalogue.session import SessionContext


@dataclass(frozen=True)
class Context:
    """One statement's surroundings; made anew for each, so roles and time are read once.

    `missing_image_code` is the code of the error for an image that no repository has, whose real
    code no source settles (contract 10.3).
    """

    account: Account
    platform: Platform
    session: SessionContext
    missing_image_code: str = "395018"

    @cached_property
    def now(self) -> datetime:
        """When the statement began."""
        return self.platform.clock.now()

    @cached_property
    def roles(self) -> frozenset[str]:
        """The session's role and every role that it inherits."""
        return effective_roles(self.account, self.session.role)
