"""Checks on the way out: external access integrations and their network rules (contract 1.12)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from spcs_worker_tui.domain.account import (
    OWNERSHIP,
    AccessIntegration,
    NetworkRule,
    ObjectName,
    Privileges,
)
from spcs_worker_tui.domain.doctor import (
    AddHost,
    Area,
    Check,
    Cure,
    Finding,
    Outcome,
    SendStatements,
)

if TYPE_CHECKING:
    from spcs_worker_tui.domain.doctor_facts import Quote, Workload

ACCESS = Check(
    "external-access", "A worker has an external access integration that works", Area.SERVICE
)
RULE = Check("network-rule", "A network rule lets the worker reach Prefect", Area.SERVICE)

CHECKS = (ACCESS, RULE)

_INSIDE = ".snowflakecomputing.internal", ".spcs.internal"
"""Services of the same account are reached without an integration (contract 4)."""
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_VALUE = re.compile(r"[A-Za-z0-9*.-]{1,253}(?::[0-9]{1,5})?")
"""What a network rule may list, and what therefore goes into a statement as it is."""
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Egress:
    """What the account has, as the role sees it.

    Attributes:
        integrations: By name; with their rules where those could be read.
        rules: By name; with their hosts. None: it may not be described.
        held: What the role, and all that it inherits, holds.
    """

    integrations: Mapping[str, AccessIntegration]
    rules: Mapping[ObjectName, NetworkRule | None]
    held: Privileges

    def hosts(self, names: Sequence[str]) -> dict[ObjectName, tuple[str, ...] | None]:
        """The hosts of the rules of these integrations, those left out that are off or missing."""
        usable = [one for name in names if (one := self.integrations.get(name)) and one.is_enabled]
        found: dict[ObjectName, tuple[str, ...] | None] = {}
        for integration in usable:
            for name in integration.rules or ():
                rule = self.rules.get(name)
                found[name] = rule.hosts if rule else None
        return found

    def leading_to(self, wanted: str) -> str:
        """An integration that lets out to that `host:port`, or nothing."""
        for name, integration in self.integrations.items():
            known = self.hosts([name]).values()
            if integration.is_enabled and any(leads_to(hosts or (), wanted) for hosts in known):
                return name
        return ""


def judge_egress(workload: Workload, egress: Egress, quote: Quote) -> Iterator[Finding]:
    """Whether a worker gets out, and as far as Prefect."""
    if workload.binding is None or not workload.binding.pool.api_url:
        return
    wanted = destination(workload.binding.pool.api_url)
    if not wanted:
        return
    if wanted.rpartition(":")[0].endswith(_INSIDE):
        text = f"{wanted} is a service of the same account, and needs no integration"
        yield workload.finding(ACCESS, Outcome.OK, text)
        return
    if not workload.integrations:
        yield _without(workload, egress, wanted, quote)
        return
    bad = [
        f for name in workload.integrations if (f := _integration(workload, egress, name, quote))
    ]
    yield from bad
    if not bad:
        names = ", ".join(workload.integrations)
        yield workload.finding(ACCESS, Outcome.OK, f"it has {names}")
        yield _rule(workload, egress, wanted, quote)


def destination(api_url: str) -> str:
    """`host:port` of a Prefect API; empty for what a network rule cannot name."""
    try:
        parts = urlsplit(api_url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return ""
    host = parts.hostname or ""
    return f"{host}:{port}" if port and _HOST.fullmatch(host) else ""


def _without(workload: Workload, egress: Egress, wanted: str, quote: Quote) -> Finding:
    text = f"it has no external access integration, so it cannot reach {wanted}"
    candidate = egress.leading_to(wanted)
    if not candidate:
        return workload.finding(ACCESS, Outcome.PROBLEM, text, _new_way(workload, wanted, quote))
    statement = _with_integrations(workload, (candidate,), quote)
    cure = Cure(f"Integration {candidate} leads there.", (statement,))
    title = f"Let {workload.key.qualified} reach {wanted}"
    fix = SendStatements(workload.key.connection, title, (statement,), workload.key)
    is_there = workload.service is not None
    return workload.finding(ACCESS, Outcome.PROBLEM, text, cure, fix if is_there else None)


def _new_way(workload: Workload, wanted: str, quote: Quote) -> Cure:
    key = workload.key
    rule = quote(key.database, key.schema, "PREFECT_API")
    return Cure(
        "Have an administrator make a network rule and an integration (docs/sql.md), then give it "
        "to the service.",
        (
            f"CREATE OR ALTER NETWORK RULE {rule} TYPE = HOST_PORT MODE = EGRESS "
            f"VALUE_LIST = ('{wanted}')",
            f"CREATE EXTERNAL ACCESS INTEGRATION PREFECT_ACCESS ALLOWED_NETWORK_RULES = ({rule}) "
            "ENABLED = TRUE",
            f"GRANT USAGE ON INTEGRATION PREFECT_ACCESS TO ROLE {quote(workload.owner)}",
            _with_integrations(workload, ("PREFECT_ACCESS",), quote),
        ),
    )


def _with_integrations(workload: Workload, names: Sequence[str], quote: Quote) -> str:
    key = workload.key
    service = quote(key.database, key.schema, key.name)
    listed = ", ".join(map(quote, dict.fromkeys((*workload.integrations, *names))))
    return f"ALTER SERVICE {service} SET EXTERNAL_ACCESS_INTEGRATIONS = ({listed})"


def _integration(workload: Workload, egress: Egress, name: str, quote: Quote) -> Finding | None:
    """What is wrong with one integration of the service, if anything is."""
    found = egress.integrations.get(name)
    if found is None:
        return workload.finding(
            ACCESS,
            Outcome.PROBLEM,
            f"there is no integration {name} that role {workload.role} can see",
            Cure(
                "Have it granted; if it is gone, have it made (docs/sql.md).",
                (f"GRANT USAGE ON INTEGRATION {quote(name)} TO ROLE {quote(workload.owner)}",),
            ),
        )
    if found.is_enabled:
        return None
    statement = f"ALTER EXTERNAL ACCESS INTEGRATION {quote(name)} SET ENABLED = TRUE"
    may = egress.held.holds(OWNERSHIP, "INTEGRATION", quote(name))
    fix = SendStatements(workload.key.connection, f"Switch integration {name} on", (statement,))
    return workload.finding(
        ACCESS,
        Outcome.PROBLEM,
        f"integration {name} is off, so nothing gets out through it",
        Cure("Switch it on, or have its owner do it.", (statement,)),
        fix if may else None,
    )


def _rule(workload: Workload, egress: Egress, wanted: str, quote: Quote) -> Finding:
    hosts = egress.hosts(workload.integrations)
    for name, values in hosts.items():
        if leads_to(values or (), wanted):
            text = f"network rule {name.qualified} has {wanted}"
            return workload.finding(RULE, Outcome.OK, text)
    for name, values in hosts.items():
        if wild := _wildcard(values or (), wanted):
            return workload.finding(
                RULE,
                Outcome.NOTICE,
                f"network rule {name.qualified} has {wild}, and sources disagree whether services "
                f"may use wildcards: {wanted} may be out of reach",
                Cure(
                    "Write the whole host.", (with_hosts(name, (*(values or ()), wanted), quote),)
                ),
            )
    unread = [name.qualified for name, values in hosts.items() if values is None]
    if unread or not hosts:
        which = ", ".join(unread) or "the integration's network rules"
        return _unread(workload, which, wanted)
    name, values = next(iter(hosts.items()))
    statement = with_hosts(name, (*(values or ()), wanted), quote)
    full = quote(name.database, name.schema, name.name)
    may = egress.held.holds(OWNERSHIP, "NETWORK RULE", full)
    fix = AddHost(workload.key.connection, name, wanted)
    return workload.finding(
        RULE,
        Outcome.PROBLEM,
        f"no network rule of {', '.join(workload.integrations)} has {wanted}, the host of the "
        "Prefect API",
        Cure("Add the host, or have the rule's owner do it.", (statement,)),
        fix if may else None,
    )


def _unread(workload: Workload, which: str, wanted: str) -> Finding:
    """Only a rule's owner sees its hosts; of a worker that is up nothing speaks against them."""
    text = f"role {workload.role} may not see the hosts of {which}"
    if workload.binding and workload.is_ready(workload.binding.container):
        return workload.finding(RULE, Outcome.OK, f"{text}, and the worker is up")
    if workload.service is not None and not workload.wants_to_run:
        return workload.finding(RULE, Outcome.OK, f"{text}, and the service is suspended")
    cure = Cure(f"Have its owner check that it has {wanted}.")
    return workload.finding(RULE, Outcome.UNKNOWN, text, cure)


def with_hosts(rule: ObjectName, hosts: Sequence[str], quote: Quote) -> str:
    """The statement after which a rule leads to these hosts; what is no host is left out."""
    listed = ", ".join(f"'{host}'" for host in hosts if _VALUE.fullmatch(host))
    full = quote(rule.database, rule.schema, rule.name)
    return f"ALTER NETWORK RULE {full} SET VALUE_LIST = ({listed})"


def leads_to(hosts: Sequence[str], wanted: str) -> bool:
    """Whether one of a rule's values lets out to that `host:port`; 443 when a port is left out."""
    host, _, port = wanted.rpartition(":")
    for value in hosts:
        name, _, own = value.strip().casefold().partition(":")
        if (own or "443") == port and name in (host.casefold(), "0.0.0.0"):  # noqa: S104 - a value
            return True
    return False


def _wildcard(hosts: Sequence[str], wanted: str) -> str:
    host, _, port = wanted.rpartition(":")
    for value in hosts:
        name, _, own = value.strip().casefold().partition(":")
        if name.startswith("*.") and host.endswith(name[1:]) and (own or "443") == port:
            return value
    return ""
