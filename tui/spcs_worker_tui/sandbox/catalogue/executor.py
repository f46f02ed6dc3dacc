"""The answer to each statement: one dispatch, by what the statement is about."""

from __future__ import annotations

from collections.abc import Callable

from spcs_worker_tui.sandbox.catalogue import (
    compute_pools,
    functions,
    namespaces,
    show_instances,
    show_services,
)
from spcs_worker_tui.sandbox.catalogue.context import Context
from spcs_worker_tui.sandbox.catalogue.model import Account
from spcs_worker_tui.sandbox.catalogue.platform import Platform
from spcs_worker_tui.sandbox.catalogue.session import SessionContext
from spcs_worker_tui.sandbox.results import Table, unsupported
from spcs_worker_tui.sandbox.sql.ast import (
    Call,
    Describe,
    ObjectKind,
    Select,
    Show,
    ShowKind,
    Statement,
    Use,
)

_SHOWS: dict[ShowKind, Callable[[Context, Show], Table]] = {
    ShowKind.SERVICES: show_services.show_services,
    ShowKind.SERVICE_INSTANCES: show_instances.show_instances,
    ShowKind.SERVICE_CONTAINERS: show_instances.show_containers,
    ShowKind.SERVICE_VOLUMES: show_instances.show_volumes,
    ShowKind.ENDPOINTS: show_instances.show_endpoints,
    ShowKind.ROLES_IN_SERVICE: show_instances.show_roles_in_service,
    ShowKind.COMPUTE_POOLS: compute_pools.show_compute_pools,
}
_DESCRIBES: dict[ObjectKind, Callable[[Context, Describe], Table]] = {
    ObjectKind.SERVICE: show_services.describe_service,
    ObjectKind.COMPUTE_POOL: compute_pools.describe_compute_pool,
}


class Executor:
    """Answers the statements of every session of one account.

    Args:
        account: What is read and changed; nothing else may write its desired state.
        platform: Makes the desired state true, and has the logs.
        missing_image_code: See `Context`.
    """

    def __init__(
        self, account: Account, platform: Platform, *, missing_image_code: str = "395018"
    ) -> None:
        self._account = account
        self._platform = platform
        self._missing_image_code = missing_image_code

    async def execute(self, statement: Statement, session: SessionContext) -> Table:
        """Answer one statement.

        Raises:
            SqlError: It was refused; nothing was changed.
        """
        context = self._context(session)
        match statement:
            case Show():
                if statement.kind in _SHOWS:
                    return _SHOWS[statement.kind](context, statement)
                raise unsupported(f"SHOW {statement.kind}")
            case Describe():
                if statement.kind in _DESCRIBES:
                    return _DESCRIBES[statement.kind](context, statement)
                raise unsupported(f"DESCRIBE {statement.kind}")
            case Use():
                return namespaces.use(context, statement)
            case Select():
                return await functions.select(context, statement)
            case Call():
                return await functions.call(context, statement)
            case _:
                raise unsupported(type(statement).__name__)

    def _context(self, session: SessionContext) -> Context:
        return Context(self._account, self._platform, session, self._missing_image_code)
