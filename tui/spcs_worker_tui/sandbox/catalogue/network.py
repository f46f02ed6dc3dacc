"""Network rules and external access integrations (contract 1.12)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue import objects
from spcs_worker_tui.sandbox.catalogue.listing import (
    Field,
    constant,
    moment,
    number,
    tabulate,
    text,
)
from spcs_worker_tui.sandbox.catalogue.model import NetworkRule
from spcs_worker_tui.sandbox.catalogue.names import dotted, find, in_scope, select
from spcs_worker_tui.sandbox.catalogue.properties import comment, items, string, word
from spcs_worker_tui.sandbox.catalogue.refusals import executed, refused
from spcs_worker_tui.sandbox.results import Table, status
from spcs_worker_tui.sandbox.sql.ast import (
    Alter,
    Create,
    Describe,
    Drop,
    ObjectKind,
    PropertyValue,
    Show,
)

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context

_HOST = re.compile(r"(?=.{1,253}(?::|$))[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")
_ALLOWED_PORTS = (22, 80, 443)
_FIRST_FREE_PORT, _LAST_PORT = 1024, 65_535
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - a value of a rule, nothing binds to it

_FIELDS: tuple[Field[NetworkRule], ...] = (
    moment("created_on", lambda rule: rule.created_on),
    text("name", lambda rule: rule.key[2]),
    text("database_name", lambda rule: rule.key[0]),
    text("schema_name", lambda rule: rule.key[1]),
    text("owner", lambda rule: rule.grants.owner),
    text("comment", lambda rule: rule.comment),
    text("type", lambda rule: rule.type),
    text("mode", lambda rule: rule.mode),
)
_SHOW_FIELDS: tuple[Field[NetworkRule], ...] = (
    *_FIELDS,
    number("entries_in_valuelist", lambda rule: len(rule.value_list)),
    constant("owner_role_type", "ROLE"),
)
_DESCRIBE_FIELDS: tuple[Field[NetworkRule], ...] = (
    *_FIELDS,
    text("value_list", lambda rule: ",".join(rule.value_list)),
)


def show_rules(context: Context, show: Show) -> Table:
    """`SHOW NETWORK RULES`.

    Raises:
        SqlError: 002003, 090105, 090106.
    """
    found = in_scope(context, context.account.network_rules.values(), show.scope)
    return tabulate(_SHOW_FIELDS, select(found, show, lambda rule: rule.key[2]))


def describe_rule(context: Context, statement: Describe) -> Table:
    """`DESC NETWORK RULE`.

    Raises:
        SqlError: 002003, 090105, 090106.
    """
    rules = context.account.network_rules
    rule = find(context, rules, statement.name, kind="Network Rule", operation="DESC")
    return tabulate(_DESCRIBE_FIELDS, [rule])


def create_rule(context: Context, statement: Create) -> Table:
    """`CREATE [OR REPLACE | OR ALTER] NETWORK RULE`.

    Raises:
        SqlError: 002002, 002003, 003001, 003041, 001008; a refusal of a host or port that SPCS
            does not take.
    """
    key = objects.place_for(context, statement.name, ObjectKind.NETWORK_RULE)
    rules, given = context.account.network_rules, statement.properties
    taken = rules.get(key)
    objects.met_existing(
        context,
        dotted(key),
        taken.grants if taken else None,
        if_not_exists=False,
        replace=statement.or_replace or statement.or_alter,
    )
    # The other types and modes of rules have nothing to do with egress from services.
    rule = NetworkRule(
        key,
        context.now,
        objects.grants_for_new(context, ObjectKind.NETWORK_RULE, key[0], key[1]),
        type=word("TYPE", given.get("TYPE"), ("HOST_PORT",)),
        mode=word("MODE", given.get("MODE"), ("EGRESS",)),
        value_list=_hosts(given.get("VALUE_LIST")),
        comment=comment(given.get("COMMENT", "")) or "",
    )
    if taken is not None and statement.or_alter:
        rule.created_on, rule.grants = taken.created_on, taken.grants
    rules[key] = rule
    context.platform.wake()
    return status(f"Network rule {key[2]} successfully created.")


def alter_rule(context: Context, statement: Alter) -> Table:
    """`ALTER NETWORK RULE … SET|UNSET VALUE_LIST|COMMENT`.

    Raises:
        SqlError: 002003, 003001, 001008, or a refusal as for CREATE.
    """
    rule = objects.existing(context, context.account.network_rules, statement)
    if rule is None:
        return executed()
    given: Mapping[str, PropertyValue] = {
        **{name: () if name == "VALUE_LIST" else "" for name in statement.names},
        **statement.properties,
    }
    hosts = _hosts(given["VALUE_LIST"]) if "VALUE_LIST" in given else rule.value_list
    words = comment(given["COMMENT"]) if "COMMENT" in given else rule.comment
    rule.value_list, rule.comment = hosts, words or ""
    return executed()


def drop_rule(context: Context, statement: Drop) -> Table:
    """`DROP NETWORK RULE [IF EXISTS]`, unless an integration uses it.

    Raises:
        SqlError: 002003, 003001; a refusal while it is used.
    """
    rule = objects.existing(context, context.account.network_rules, statement)
    if rule is None:
        return objects.already_dropped(statement.name)
    for integration in context.account.integrations.values():
        if rule.key in integration.network_rules:
            raise refused(
                f"Network rule '{dotted(rule.key)}' cannot be dropped because integration "
                f"'{integration.name}' uses it."
            )
    del context.account.network_rules[rule.key]
    return objects.dropped(rule.key)


def _hosts(value: PropertyValue) -> list[str]:
    return [_host(string("VALUE_LIST", item)) for item in items("VALUE_LIST", value)]


def _host(value: str) -> str:
    # The SPCS pages know no wildcards; other pages do (contract 10.19): full hosts only.
    if not _HOST.fullmatch(value):
        raise refused(f"Invalid value '{value}' in VALUE_LIST: a full host name is needed.")
    host, _, port_text = value.partition(":")
    port = int(port_text) if port_text else 443
    if host == _EVERYWHERE and port_text not in ("80", "443"):
        raise refused(f"Invalid value '{value}' in VALUE_LIST: {host} needs port 80 or 443.")
    if port not in _ALLOWED_PORTS and not _FIRST_FREE_PORT <= port <= _LAST_PORT:
        raise refused(
            f"Invalid value '{value}' in VALUE_LIST: ports are 22, 80, 443, and 1024 and up."
        )
    return value
