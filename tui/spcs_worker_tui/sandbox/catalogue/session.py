"""Who is asking, and from where: what a login leaves behind and USE changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Account


@dataclass(slots=True)
class SessionContext:
    """One session of one user. The wire layer owns it; statements read and change it."""

    account: Account
    session_id: int
    user: str
    role: str
    created_on: datetime
    database: str | None = None
    schema: str | None = None
    warehouse: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    client: str = ""
    """`CLIENT_APP_ID` and version, for the sandbox's own journal."""
