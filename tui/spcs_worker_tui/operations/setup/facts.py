"""What is there of all that a worker needs, as one session sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from spcs_worker_tui.domain.account import (
    ACCOUNT,
    AccessIntegration,
    DatabaseObject,
    Grant,
    NetworkRule,
    RepositoryObject,
    SchemaObject,
    Standing,
)
from spcs_worker_tui.domain.errors import StatementRefusedError

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ComputePoolSnapshot, ServiceSnapshot
    from spcs_worker_tui.domain.secret_objects import SecretObject
    from spcs_worker_tui.domain.setup import Answers
    from spcs_worker_tui.operations.setup.tools import SetupSession

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the role sees; None is missing, or not visible to it.

    Attributes:
        grants: On the account and on what is there of the rest, whoever holds them.
        services: All that the role sees.
    """

    standing: Standing
    database: DatabaseObject | None = None
    schema: SchemaObject | None = None
    repository: RepositoryObject | None = None
    pool: ComputePoolSnapshot | None = None
    rule: NetworkRule | None = None
    integration: AccessIntegration | None = None
    secret: SecretObject | None = None
    services: tuple[ServiceSnapshot, ...] = ()
    grants: tuple[Grant, ...] = ()

    def there(self, answers: Answers) -> frozenset[tuple[str, str]]:
        """Kind and qualified name of everything that is there."""
        repository = answers.repository_name
        found = {
            ("DATABASE", answers.database): self.database,
            ("SCHEMA", ".".join(answers.home)): self.schema,
            ("IMAGE REPOSITORY", repository.qualified): self.repository,
            ("COMPUTE POOL", answers.compute_pool): self.pool,
            ("NETWORK RULE", answers.rule_name.qualified): self.rule,
            ("INTEGRATION", answers.integration): self.integration,
            ("SECRET", answers.secret_name.qualified): self.secret,
            ("SERVICE", answers.key.qualified): self.service(answers),
        }
        roles = {("ROLE", role) for role in self.standing.known}
        return frozenset({what for what, value in found.items() if value is not None} | roles)

    def service(self, answers: Answers) -> ServiceSnapshot | None:
        """The service that is set up."""
        return next((service for service in self.services if service.key == answers.key), None)


async def gather_facts(session: SetupSession, answers: Answers) -> Facts:
    """Look at everything; SHOW and DESCRIBE only.

    Raises:
        SnowflakeError: No answer.
    """
    # What an earlier plan has done, it did in other roles.
    await session.use_own_role()
    standing = await session.standing()
    databases, repositories, pools, rules, integrations, services = await asyncio.gather(
        session.show_databases(),
        session.show_repositories(),
        session.show_compute_pools(),
        session.show_network_rules(),
        session.show_integrations(),
        session.show_services(),
    )
    database = next((found for found in databases if found.name == answers.database), None)
    schemas = await session.show_schemas(answers.database) if database else ()
    schema = next((found for found in schemas if found.name == answers.schema), None)
    rule = next((found for found in rules if found.name == answers.rule_name), None)
    integration = next((one for one in integrations if one.name == answers.integration), None)
    secrets: Sequence[SecretObject] = ()
    if schema and answers.secret:
        secrets = await _or_nothing(session.show_secrets(*answers.home), ())
    facts = Facts(
        standing,
        database,
        schema,
        next((one for one in repositories if one.name == answers.repository_name), None),
        next((one for one in pools if one.name == answers.compute_pool), None),
        await _or_nothing(session.describe_network_rule(rule.name), rule) if rule else None,
        await _or_nothing(session.describe_integration(integration.name), integration)
        if integration
        else None,
        next((one for one in secrets if one.name == answers.secret_name), None),
        tuple(services),
    )
    return await _with_grants(session, answers, facts)


async def _with_grants(session: SetupSession, answers: Answers, facts: Facts) -> Facts:
    wanted: list[Awaitable[Sequence[Grant]]] = [session.show_grants_on(ACCOUNT)]
    for kind, name in facts.there(answers):
        if kind not in ("ROLE", "SERVICE", "NETWORK RULE"):
            wanted.append(session.show_grants_on(kind, *name.split(".")))
    # What may not be asked of an object is asked of the roles that matter.
    matter = {answers.role, answers.monitor_role, facts.standing.role} & facts.standing.known.keys()
    wanted += [session.show_grants_to(role) for role in sorted(matter)]
    answered = await asyncio.gather(*(_or_nothing(one, ()) for one in wanted))
    grants = tuple(dict.fromkeys(grant for some in answered for grant in some))
    return replace(facts, grants=grants)


async def _or_nothing(work: Awaitable[T], nothing: T) -> T:
    """What it answers, or that where this role may not ask."""
    try:
        return await work
    except StatementRefusedError:
        return nothing
