"""External access integrations, which live in the account (contract 1.12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue import objects
from spcs_worker_tui.sandbox.catalogue.listing import (
    Field,
    constant,
    flag,
    moment,
    tabulate,
    text,
)
from spcs_worker_tui.sandbox.catalogue.model import Grants, Integration, Qualified
from spcs_worker_tui.sandbox.catalogue.names import account_level_name, dotted, find, select
from spcs_worker_tui.sandbox.catalogue.privileges import (
    require,
    require_on_account,
    sees,
)
from spcs_worker_tui.sandbox.catalogue.properties import comment, items, object_name, truth
from spcs_worker_tui.sandbox.catalogue.refusals import executed, refused
from spcs_worker_tui.sandbox.results import (
    Column,
    SqlError,
    Table,
    does_not_exist,
    status,
)

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.sql.ast import (
        Alter,
        Create,
        Describe,
        Drop,
        Name,
        PropertyValue,
        Show,
    )

_MAX_HOSTS = 100
_FIELDS: tuple[Field[Integration], ...] = (
    text("name", lambda integration: integration.name),
    constant("type", "EXTERNAL_ACCESS"),
    constant("category", "EXTERNAL_ACCESS"),
    flag("enabled", lambda integration: integration.enabled),
    text("comment", lambda integration: integration.comment or None),
    moment("created_on", lambda integration: integration.created_on),
)


def show(context: Context, statement: Show) -> Table:
    """`SHOW [EXTERNAL ACCESS] INTEGRATIONS`."""
    found = [
        integration
        for _, integration in sorted(context.account.integrations.items())
        if sees(context.roles, integration.grants)
    ]
    return tabulate(_FIELDS, select(found, statement, lambda integration: integration.name))


def describe(context: Context, statement: Describe) -> Table:
    """`DESC [EXTERNAL ACCESS] INTEGRATION`: a row per property.

    Raises:
        SqlError: 002003.
    """
    integration = find_integration(context, statement.name, ("USAGE",))
    rows = (
        ("ENABLED", "Boolean", str(integration.enabled).lower(), "false"),
        ("ALLOWED_NETWORK_RULES", "List", _listed(integration.network_rules), "[]"),
        ("ALLOWED_AUTHENTICATION_SECRETS", "List", _listed(integration.secrets), "[]"),
        ("ALLOWED_API_AUTHENTICATION_INTEGRATIONS", "List", "[]", "[]"),
        ("COMMENT", "String", integration.comment, ""),
    )
    names = ("property", "property_type", "property_value", "property_default")
    return Table(tuple(Column(name) for name in names), rows)


def _listed(keys: list[Qualified]) -> str:
    return f"[{', '.join(dotted(key) for key in keys)}]"


def find_integration(context: Context, name: Name, any_of: tuple[str, ...]) -> Integration:
    """An integration on which the role holds one of the privileges.

    Raises:
        SqlError: 002003, 003001, 000904.
    """
    integration = context.account.integrations.get(account_level_name(name))
    if integration is None:
        raise does_not_exist("Integration", name.last)
    require(context.roles, integration.grants, any_of, kind="Integration", name=integration.name)
    return integration


def create(context: Context, statement: Create) -> Table:
    """`CREATE [OR REPLACE] EXTERNAL ACCESS INTEGRATION`.

    Raises:
        SqlError: 003001 without CREATE INTEGRATION on the account; 002002, 002003, 003041,
            001008.
    """
    name = account_level_name(statement.name)
    require_on_account(
        context.account,
        context.roles,
        "CREATE INTEGRATION",
        "CREATE EXTERNAL ACCESS INTEGRATION",
    )
    taken = context.account.integrations.get(name)
    objects.met_existing(
        context,
        name,
        taken.grants if taken else None,
        if_not_exists=False,
        replace=statement.or_replace,
    )
    integration = Integration(name, context.now, Grants(context.session.role))
    _apply(context, integration, statement.properties)
    context.account.integrations[name] = integration
    return status(f"Integration {name} successfully created.")


def alter(context: Context, statement: Alter) -> Table:
    """`ALTER EXTERNAL ACCESS INTEGRATION … SET|UNSET`.

    Raises:
        SqlError: 002003, 003001, 001008.
    """
    integration = _existing(context, statement)
    if integration is None:
        return executed()
    emptied: Mapping[str, PropertyValue] = {
        name: "" if name == "COMMENT" else () for name in statement.names
    }
    _apply(context, integration, {**emptied, **statement.properties})
    context.platform.wake()
    return executed()


def drop(context: Context, statement: Drop) -> Table:
    """`DROP INTEGRATION [IF EXISTS]`.

    Raises:
        SqlError: 002003, 003001.
    """
    integration = _existing(context, statement)
    if integration is None:
        return objects.already_dropped(statement.name)
    del context.account.integrations[integration.name]
    context.platform.wake()
    return objects.dropped(integration.name)


def _existing(context: Context, statement: Alter | Drop) -> Integration | None:
    try:
        return find_integration(context, statement.name, ())
    except SqlError as missing:
        if statement.if_exists and missing.code == "002003":
            return None
        raise


def _apply(context: Context, integration: Integration, given: Mapping[str, PropertyValue]) -> None:
    rules, secrets = integration.network_rules, integration.secrets
    if "ALLOWED_NETWORK_RULES" in given:
        rules = _rules(context, given["ALLOWED_NETWORK_RULES"])
    if "ALLOWED_AUTHENTICATION_SECRETS" in given:
        secrets = _secrets(context, given["ALLOWED_AUTHENTICATION_SECRETS"])
    if given.get("ALLOWED_API_AUTHENTICATION_INTEGRATIONS", ()) != ():
        raise refused("The sandbox has no API authentication integrations.")
    enabled = truth("ENABLED", given.get("ENABLED", integration.enabled))
    words = comment(given.get("COMMENT", integration.comment)) or ""
    integration.network_rules, integration.secrets = rules, secrets
    integration.enabled, integration.comment = enabled, words


def _rules(context: Context, value: PropertyValue) -> list[Qualified]:
    found = [
        find(
            context,
            context.account.network_rules,
            object_name("ALLOWED_NETWORK_RULES", item),
            kind="Network Rule",
            operation="CREATE INTEGRATION",
        )
        for item in items("ALLOWED_NETWORK_RULES", value)
    ]
    if sum(len(rule.value_list) for rule in found) > _MAX_HOSTS:
        raise refused(f"An external access integration can have at most {_MAX_HOSTS} hosts.")
    return [rule.key for rule in found]


def _secrets(context: Context, value: PropertyValue) -> list[Qualified]:
    parameter = "ALLOWED_AUTHENTICATION_SECRETS"
    if not isinstance(value, tuple):
        word = str(object_name(parameter, value)).upper()
        if word == "ALL":
            return sorted(context.account.secrets)
        value = () if word == "NONE" else (value,)
    return [
        find(
            context,
            context.account.secrets,
            object_name(parameter, item),
            kind="Secret",
            operation="CREATE INTEGRATION",
        ).key
        for item in value
    ]
