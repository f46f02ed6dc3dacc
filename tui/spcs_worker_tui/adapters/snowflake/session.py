"""One saved connection on `snowflake.connector.aio`."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.adapters.snowflake import logs, rows, statements
from spcs_worker_tui.adapters.snowflake.account import AccountFacts, use_role
from spcs_worker_tui.adapters.snowflake.keys import key_in_hand
from spcs_worker_tui.adapters.snowflake.registry import RegistryAccess
from spcs_worker_tui.adapters.snowflake.secret_changes import SecretChanges
from spcs_worker_tui.adapters.snowflake.service_changes import ServiceChanges
from spcs_worker_tui.adapters.snowflake.service_rows import ServiceRows
from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    NotVisibleError,
    PrivilegeError,
    RoleRefusedError,
    SessionEndedError,
    SignInNeededError,
    SignInRefusedError,
    SnowflakeUnreachableError,
    StatementRefusedError,
)
from spcs_worker_tui.domain.fleet import (
    ComputePoolSnapshot,
    ContainerSnapshot,
    DeployedSpec,
    ImageSnapshot,
    InstanceSnapshot,
    ServiceKey,
    ServiceSnapshot,
)

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.connections import ConnectionSettings
    from spcs_worker_tui.adapters.snowflake.driver import Answer, IssuedToken
    from spcs_worker_tui.domain.key_ports import KeySource
    from spcs_worker_tui.domain.ports import Identity, ScaleTo

STATEMENT_SECONDS = 20.0
LOGIN_SECONDS = 30.0
INTERACTIVE_SECONDS = 180.0
CLOSE_SECONDS = 3.0
CONCURRENT_STATEMENTS = 8

AppliedDigests = Callable[[str, Sequence[ServiceKey]], Mapping[ServiceKey, str]]
"""From an account and services to the spec digests that were applied last from this machine."""


class ConnectorSession(ServiceChanges, SecretChanges, RegistryAccess, AccountFacts):
    """Implements the ports `SnowflakeSession` and `AccountChanger`.

    Logs in when first needed, and again, once, when the account has ended the session; never
    interactively unless `open` was asked to.

    Args:
        settings: Which saved connection.
        keys: Where the password, token or passphrase is found that its settings lack.
        applied: Which specs were applied from here; without it nobody can be said to have
            altered one.
        statement_seconds: How long one statement may take.
        login_seconds: How long a sign-in without a person may take.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        keys: KeySource | None = None,
        applied: AppliedDigests | None = None,
        *,
        statement_seconds: float = STATEMENT_SECONDS,
        login_seconds: float = LOGIN_SECONDS,
    ) -> None:
        self.name = settings.name
        self._settings = settings
        self._keys = keys
        self._applied = applied
        self._statement_seconds = statement_seconds
        self._login_seconds = login_seconds
        self._driver: ModuleType | None = None
        self._connection: Any = None
        self._identity: Identity | None = None
        self._opening = asyncio.Lock()
        self._gate = asyncio.Semaphore(CONCURRENT_STATEMENTS)
        self._statements = 0
        self._services = ServiceRows(settings.name)
        self._has_log_stamps: bool | None = None
        self._role = self._own_role = ""

    @property
    def statements(self) -> int:
        """How many statements were sent since the program started."""
        return self._statements

    async def open(self, *, interactive: bool = False) -> Identity:
        """Log in, unless that was done; see the port."""
        async with self._opening:
            if self._connection is not None and self._identity is not None:
                return self._identity
            if self._settings.problem:
                raise ConfigurationError(
                    f"connection {self.name} {self._settings.problem}",
                    next_step="Correct it in connections.toml or config.toml.",
                )
            if self._settings.interactive and not interactive:
                raise SignInNeededError(
                    f"connection {self.name} signs in with {self._settings.authenticator}, "
                    "which needs you",
                    next_step="For scripts use a key pair or a programmatic access token.",
                )
            return await self._log_in(interactive=interactive)

    async def _log_in(self, *, interactive: bool) -> Identity:
        seconds = INTERACTIVE_SECONDS if interactive else self._login_seconds
        key = await key_in_hand(self._settings, self._keys, again=interactive)
        secrets = key.options() if key else {}
        driver = await self._load()
        try:
            async with asyncio.timeout(seconds):
                connection = await driver.connect(self._settings, seconds, secrets)
        except SignInRefusedError as error:
            if key is None or isinstance(error, RoleRefusedError):
                raise
            raise key.refused(error) from error
        except TimeoutError as error:
            raise SnowflakeUnreachableError(
                f"no answer from Snowflake to the sign-in with {self.name} in {seconds:.0f} s",
                next_step="Check the account name in that connection, and the network.",
            ) from error
        identity: Identity = driver.identity(connection, self._settings)
        if self._role:
            await driver.send(connection, self.name, use_role(self._role))
            identity = replace(identity, role=self._role)
        else:
            self._own_role = identity.role
        self._connection = connection
        self._identity = identity
        return identity

    async def use_role(self, role: str) -> None:
        """`USE ROLE …`, now and after every later sign-in; see `AccountChanger`."""
        if (await self.open()).role == role:
            return
        await self._send(use_role(role))
        self._role = role
        if self._identity is not None:
            self._identity = replace(self._identity, role=role)

    async def _load(self) -> ModuleType:
        """The modules that cost a second to import, without holding up the event loop."""
        if self._driver is None:
            self._driver = await asyncio.to_thread(
                importlib.import_module, "spcs_worker_tui.adapters.snowflake.driver"
            )
        return self._driver

    async def use_own_role(self) -> None:
        """Back to the role that the connection signs in with; see `AccountChanger`."""
        await self.open()
        if self._own_role:
            await self.use_role(self._own_role)

    async def close(self) -> None:
        """End the session; never raises."""
        connection, self._connection, self._identity = self._connection, None, None
        if connection is None or self._driver is None:
            return
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._driver.close(connection)
        except TimeoutError:
            # The account forgets the session by itself; leaving must not wait for it.
            return

    async def show_services(self) -> tuple[ServiceSnapshot, ...]:
        """`SHOW SERVICES IN ACCOUNT`."""
        answer = await self._send(statements.SHOW_SERVICES)
        services = self._services.read(answer.rows, datetime.now(UTC))
        if self._applied is None or self._identity is None:
            return services
        digests = self._applied(self._identity.account, [service.key for service in services])
        return tuple(
            replace(one, applied_digest=digests[one.key]) if one.key in digests else one
            for one in services
        )

    async def show_service_containers(self, key: ServiceKey) -> tuple[ContainerSnapshot, ...]:
        """`SHOW SERVICE CONTAINERS`, without the NULL row of an empty service."""
        return rows.containers((await self._send(statements.show_service_containers(key))).rows)

    async def show_service_instances(self, key: ServiceKey) -> tuple[InstanceSnapshot, ...]:
        """`SHOW SERVICE INSTANCES`, without the NULL row of an empty service."""
        return rows.instances((await self._send(statements.show_service_instances(key))).rows)

    async def describe_service(self, key: ServiceKey) -> DeployedSpec:
        """`DESCRIBE SERVICE`: the deployed spec; see the port."""
        answer = await self._send(statements.describe_service(key))
        row = answer.rows[0] if answer.rows else {}
        if not row.get("spec"):
            raise PrivilegeError(
                f"the spec of {key.qualified} is shown only to the role that owns it",
                errno=3001,
                query_id=answer.query_id,
                next_step=f"Use the role {rows.text(row, 'owner') or 'that owns the service'}.",
            )
        spec = await asyncio.to_thread(
            importlib.import_module, "spcs_worker_tui.adapters.snowflake.spec"
        )
        deployed: DeployedSpec = spec.deployed_spec(str(row["spec"]), rows.text(row, "spec_digest"))
        return deployed

    async def show_compute_pools(self) -> tuple[ComputePoolSnapshot, ...]:
        """`SHOW COMPUTE POOLS`."""
        return rows.compute_pools((await self._send(statements.SHOW_COMPUTE_POOLS)).rows)

    async def show_images(self, repository: str) -> tuple[ImageSnapshot, ...]:
        """`SHOW IMAGES IN IMAGE REPOSITORY`; `repository` is `db/schema/repository`."""
        return rows.images((await self._send(statements.show_images(repository))).rows)

    async def service_logs(
        self,
        key: ServiceKey,
        instance_id: int,
        container: str,
        *,
        lines: int,
        previous: bool = False,
    ) -> Sequence[tuple[int | None, str]]:
        """`CALL SYSTEM$GET_SERVICE_LOGS`; see the port."""

        async def read(*, timestamps: bool) -> str:
            statement = statements.service_logs(
                key, instance_id, container, lines=lines, previous=previous, timestamps=timestamps
            )
            answer = await self._send(statement)
            return "".join(str(v) for row in answer.rows for v in row.values() if v is not None)

        if self._has_log_stamps is False:
            return logs.plain_lines(await read(timestamps=False))
        try:
            text = await read(timestamps=True)
        except (NotVisibleError, PrivilegeError):
            raise
        except StatementRefusedError:
            if self._has_log_stamps:
                raise
            # Never answered before, so the refusal may be about the undocumented arguments or
            # about this container. It was the former where the five documented ones are answered
            # and these are refused again: the container may have started in between.
            plain = await read(timestamps=False)
            try:
                text = await read(timestamps=True)
            except StatementRefusedError:
                self._has_log_stamps = False
                return logs.plain_lines(plain)
        self._has_log_stamps = True
        return logs.stamped_lines(text)

    def suspend_statement(self, key: ServiceKey) -> str:
        """Exactly what `suspend_service` sends, for a plan to show."""
        return statements.suspend_service(key)

    def resume_statement(self, key: ServiceKey) -> str:
        """Exactly what `resume_service` sends, for a plan to show."""
        return statements.resume_service(key)

    async def suspend_service(self, key: ServiceKey) -> str:
        """`ALTER SERVICE … SUSPEND`; returns the query id."""
        return await self._operate(key, statements.suspend_service(key))

    async def resume_service(self, key: ServiceKey) -> str:
        """`ALTER SERVICE … RESUME`; returns the query id."""
        return await self._operate(key, statements.resume_service(key))

    async def _operate(self, key: ServiceKey, statement: str) -> str:
        """Send what takes OPERATE on the service (contract 1.8); returns the query id."""
        try:
            return (await self._send(statement)).query_id
        except PrivilegeError as error:
            role = self._identity.role if self._identity else ""
            raise PrivilegeError(
                error.message,
                errno=error.errno,
                sqlstate=error.sqlstate,
                query_id=error.query_id,
                next_step=f"Have it granted: {statements.grant_operate(key, role)}",
            ) from error

    def scale_statement(self, key: ServiceKey, scale: ScaleTo) -> str:
        """Exactly what `scale_service` sends."""
        return statements.scale_service(key, scale)

    async def scale_service(self, key: ServiceKey, scale: ScaleTo) -> str:
        """`ALTER SERVICE … SET MIN_INSTANCES = …`; returns the query id."""
        return (await self._send(statements.scale_service(key, scale))).query_id

    def drop_statement(self, key: ServiceKey) -> str:
        """Exactly what `drop_service` sends."""
        return statements.drop_service(key)

    async def drop_service(self, key: ServiceKey) -> str:
        """`DROP SERVICE IF EXISTS …`; returns the query id."""
        return (await self._send(statements.drop_service(key))).query_id

    def suspend_compute_pool_statement(self, name: str) -> str:
        """Exactly what `suspend_compute_pool` sends."""
        return statements.suspend_compute_pool(name)

    async def suspend_compute_pool(self, name: str) -> str:
        """`ALTER COMPUTE POOL … SUSPEND`; returns the query id."""
        return (await self._send(statements.suspend_compute_pool(name))).query_id

    async def _send(self, statement: str) -> Answer:
        """Send a statement, on a new session if the account has ended this one.

        That it ended means that nothing was executed, so any statement may be sent again.
        """
        answer: Answer = await self._called("send", statement)
        return answer

    async def _issue_token(self) -> IssuedToken:
        """Have the account issue a token that lives on this session."""
        issued: IssuedToken = await self._called("issue_token")
        return issued

    async def _called(self, function: str, *arguments: str) -> Any:
        """What that function of the driver answers, on a new session where the old one ended."""
        try:
            return await self._called_once(function, *arguments)
        except SessionEndedError:
            return await self._called_once(function, *arguments)

    async def _called_once(self, function: str, *arguments: str) -> Any:
        await self.open()
        connection, driver = self._connection, await self._load()
        if connection is None:
            raise SessionEndedError(f"connection {self.name} was closed")
        async with self._gate:
            self._statements += 1
            try:
                async with asyncio.timeout(self._statement_seconds):
                    return await getattr(driver, function)(connection, self.name, *arguments)
            except SessionEndedError:
                # Others may have found out first, and be on a new connection already.
                if self._connection is connection:
                    self._connection = self._identity = None
                raise
            except TimeoutError as error:
                raise SnowflakeUnreachableError(
                    f"no answer from Snowflake on connection {self.name} "
                    f"in {self._statement_seconds:.0f} s",
                    next_step="Check the network; it is tried again by itself.",
                ) from error
