"""What the wire needs of an account: who it is, and who runs its statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Account, Stage
    from spcs_worker_tui.sandbox.catalogue.session import SessionContext
    from spcs_worker_tui.sandbox.results import Table
    from spcs_worker_tui.sandbox.sql.ast import StagePath, Statement


class StatementExecutor(Protocol):
    """Runs the statements of one account."""

    async def execute(self, statement: Statement, session: SessionContext) -> Table:
        """Run one statement.

        Raises:
            SqlError: It was refused, or it failed.
        """

    def resolve_stage(self, session: SessionContext, path: StagePath, privilege: str) -> Stage:
        """The stage of a path, for a role that holds READ or WRITE on it.

        Raises:
            SqlError: There is none, or the role may not.
        """


@dataclass(frozen=True, slots=True)
class Tenant:
    """One account of the sandbox."""

    account: Account
    executor: StatementExecutor

    def is_called(self, account_name: str) -> bool:
        """Whether a login's ACCOUNT_NAME means this account: identifier, or locator."""
        wanted = account_name.lower().replace("_", "-")
        locator = self.account.locator.lower()
        return wanted in (self.account.identifier, locator) or wanted.startswith(f"{locator}.")
