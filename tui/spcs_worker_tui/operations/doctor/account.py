"""Looks at an account: what the role may do there, and every service beside the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from spcs_worker_tui.domain import doctor_images as images
from spcs_worker_tui.domain import doctor_privileges as privileges
from spcs_worker_tui.domain import doctor_spec
from spcs_worker_tui.domain.binding import bind
from spcs_worker_tui.domain.doctor import Check, Cure, Finding, Outcome
from spcs_worker_tui.domain.doctor_egress import ACCESS, RULE, Egress, judge_egress
from spcs_worker_tui.domain.doctor_facts import Workload, bound
from spcs_worker_tui.domain.doctor_pools import CAPACITY, FAMILY, STATE, judge_pool
from spcs_worker_tui.domain.doctor_secrets import SECRET, judge_secrets
from spcs_worker_tui.domain.errors import ConfigurationError, FleetError, StatementRefusedError
from spcs_worker_tui.domain.spec_document import SpecDocument, deployed_document
from spcs_worker_tui.operations.doctor.examine import Look
from spcs_worker_tui.operations.doctor.session import Account, AccountSession

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ContainerSnapshot, ImageSnapshot, ServiceSnapshot
    from spcs_worker_tui.domain.ports import Clock, Identity
    from spcs_worker_tui.domain.settings import Environment
    from spcs_worker_tui.domain.sync import ImageReference
    from spcs_worker_tui.operations.update.present import ReadSpec

Results = AsyncGenerator[Finding | Look, None]
Inspect = Callable[[AccountSession], images.ImageInspector]
WithWorkload = Callable[[AccountSession, Workload], Iterable[Look]]
"""What else is looked at of each service, once its specification is known."""


@dataclass(frozen=True, slots=True)
class Target:
    """The one environment of the project that is looked at.

    Attributes:
        document: Reads its specification, as it would be deployed; raises `ConfigurationError`.
    """

    environment: Environment
    document: Callable[[], SpecDocument]


@dataclass(frozen=True, slots=True)
class AccountLooks:
    """Called with each connection that has signed in; implements `SignedIn`.

    Attributes:
        read_spec: Reads YAML.
        inspect: The account's image registry.
        clock: Time.
        target: Look at this environment only; None: at every service that the role sees.
        with_workload: What else to look at of each service.
    """

    read_spec: ReadSpec
    inspect: Inspect
    clock: Clock
    target: Target | None = None
    with_workload: tuple[WithWorkload, ...] = ()

    def __call__(self, session: AccountSession, identity: Identity) -> Iterator[Look]:
        """Everything about one account."""
        account = Account(session, identity)
        name = session.name
        if self.target is not None:
            run = partial(self._environment, account, self.target)
            yield Look((doctor_spec.SPEC,), name, run, connection=name)
            return
        checks = privileges.CHECKS
        yield Look(checks, name, partial(self._may_look, account), connection=name)
        yield Look((doctor_spec.SPEC,), name, partial(self._services, account), connection=name)

    async def _may_look(self, account: Account) -> Results:
        services, held = await asyncio.gather(account.services(), account.held())
        name, role, quote = account.session.name, account.identity.role, account.session.quoted
        needs = privileges.needs_to_look(services, held, quote)
        if not services:
            yield Finding(
                privileges.PRIVILEGES,
                name,
                Outcome.NOTICE,
                f"role {role} sees no service",
                Cure(
                    "Make one, or have rights on those that are there granted: a role sees what "
                    "it has a right on.",
                    commands=("spcs-worker-tui setup",),
                ),
                connection=name,
            )
        else:
            for finding in privileges.judge_privileges(name, role, needs, held, quote):
                yield finding
        yield privileges.judge_warehouse(name, role, "", held, quote)

    async def _services(self, account: Account) -> Results:
        for service in await account.services():
            yield self._service_look(account, service)

    def _service_look(self, account: Account, service: ServiceSnapshot) -> Look:
        return Look(
            (doctor_spec.SPEC,),
            service.key.qualified,
            partial(self._service, account, service),
            connection=service.key.connection,
            service=service.key,
        )

    async def _service(self, account: Account, service: ServiceSnapshot) -> Results:
        spec, containers = await asyncio.gather(
            account.session.describe_service(service.key), self._containers(account, service)
        )
        node = await asyncio.to_thread(self.read_spec, spec.source or spec.text)
        deployed = deployed_document(node)
        workload = Workload(
            service.key,
            deployed.document,
            owner=service.owner or account.identity.role,
            role=account.identity.role,
            compute_pool=service.compute_pool,
            integrations=service.external_access_integrations,
            binding=bind(spec),
            digests=deployed.digests,
            service=service,
            containers=containers,
            seen_at=self.clock.now(),
        )
        for result in self._workload(account, workload):
            yield result

    async def _containers(
        self, account: Account, service: ServiceSnapshot
    ) -> tuple[ContainerSnapshot, ...]:
        """Without the privilege, none: that it is missing is said elsewhere."""
        try:
            return await account.session.show_service_containers(service.key)
        except StatementRefusedError:
            return ()

    async def _environment(self, account: Account, target: Target) -> Results:
        key = target.environment.key
        service = next((one for one in await account.services() if one.key == key), None)
        try:
            document = await asyncio.to_thread(target.document)
        except ConfigurationError as error:
            words = " ".join(filter(None, (error.next_step, *error.others))) or "Correct it."
            yield Finding(
                doctor_spec.SPEC,
                key.qualified,
                Outcome.PROBLEM,
                str(error),
                Cure(words),
                connection=key.connection,
                service=key,
            )
            return
        environment, role = target.environment, account.identity.role
        workload = Workload(
            key,
            document,
            owner=service.owner if service and service.owner else role,
            role=role,
            compute_pool=environment.compute_pool,
            integrations=environment.external_access_integrations,
            binding=bound(document),
            service=service,
            undecided=document.container(environment.container) if "{" in environment.tag else "",
        )
        run = partial(self._may_deploy, account, target, workload)
        name = key.connection
        yield Look(privileges.CHECKS, name, run, connection=name)
        if service is not None:
            yield self._service_look(account, service)
            return
        for result in self._workload(account, workload):
            yield result

    async def _may_deploy(self, account: Account, target: Target, workload: Workload) -> Results:
        held, quote = await account.held(), account.session.quoted
        name, role = account.session.name, account.identity.role
        needs = privileges.needs_to_deploy(target.environment, workload, quote)
        for finding in privileges.judge_privileges(name, role, needs, held, quote):
            yield finding
        warehouse = target.environment.query_warehouse
        yield privileges.judge_warehouse(name, role, warehouse, held, quote)

    def _workload(self, account: Account, workload: Workload) -> Iterator[Finding | Look]:
        """What can be said at once, and what has to be asked for."""
        quote = account.session.quoted
        text = f"runs as role {workload.owner}" if workload.service else "is not deployed yet"
        yield workload.finding(doctor_spec.SPEC, Outcome.OK, text)
        yield from doctor_spec.judge_probes(workload)
        yield from doctor_spec.judge_auto_suspend(workload, quote)
        yield from doctor_spec.judge_endpoints(workload)
        yield from doctor_spec.judge_variables(workload)

        def look(run: Callable[[Account, Workload], Results], *checks: Check) -> Look:
            return Look(
                checks,
                workload.key.qualified,
                partial(run, account, workload),
                connection=workload.key.connection,
                service=workload.key,
            )

        yield look(_secrets, SECRET)
        yield look(_egress, ACCESS, RULE)
        yield look(_pool, STATE, CAPACITY, FAMILY)
        yield look(self._images, images.REPOSITORY, images.IMAGE, images.PLATFORM)
        for more in self.with_workload:
            yield from more(account.session, workload)

    async def _images(self, account: Account, workload: Workload) -> Results:
        references = images.references(workload)
        repositories, held, pool = await asyncio.gather(
            account.repositories(), account.held(), account.pool(workload.compute_pool)
        )
        names = list(dict.fromkeys(one.repository for one in references.values()))
        answers = await asyncio.gather(*(_listed(account, name) for name in names))
        listed = dict(zip(names, answers, strict=True))
        facts = images.ImageFacts(
            repositories, listed, family=pool.pool.instance_family if pool.pool else ""
        )
        quote = account.session.quoted
        for finding in images.judge_images(workload, facts, held, quote):
            yield finding
        for container, reference in references.items():
            if container == workload.undecided:
                continue
            if workload.is_ready(container):
                yield images.judge_running(workload, container)
            elif images.image_of(workload, container, reference, facts) is not None:
                run = partial(self._platform, account, workload, container, reference, facts)
                name, key = workload.key.qualified, workload.key
                yield Look((images.PLATFORM,), name, run, connection=key.connection, service=key)

    async def _platform(
        self,
        account: Account,
        workload: Workload,
        container: str,
        reference: ImageReference,
        facts: images.ImageFacts,
    ) -> Results:
        url = facts.repositories[reference.repository].url
        wanted = workload.digests.get(container) or reference.tag
        inspector = self.inspect(account.session)
        platforms = await account.platforms(inspector, url, reference.name, wanted)
        yield images.judge_platform(workload, container, platforms, facts.family)


async def _secrets(account: Account, workload: Workload) -> Results:
    secrets, held = await asyncio.gather(account.secrets(), account.held())
    for finding in judge_secrets(workload, secrets, held, account.session.quoted):
        yield finding


async def _egress(account: Account, workload: Workload) -> Results:
    if workload.binding is None:
        return
    integrations, held = await asyncio.gather(
        account.integrations(workload.integrations), account.held()
    )
    names = [rule for one in integrations.values() for rule in one.rules or ()]
    egress = Egress(integrations, await account.rules(names), held)
    for finding in judge_egress(workload, egress, account.session.quoted):
        yield finding


async def _pool(account: Account, workload: Workload) -> Results:
    facts = await account.pool(workload.compute_pool)
    for finding in judge_pool(workload, facts, account.session.quoted):
        yield finding


async def _listed(account: Account, repository: str) -> Sequence[ImageSnapshot] | FleetError:
    try:
        return await account.images(repository)
    except StatementRefusedError as error:
        return error
