"""A new account: what Snowflake puts there before anyone has created anything."""

from __future__ import annotations

import hashlib
from datetime import datetime

from spcs_worker_tui.sandbox.catalogue.model import (
    Account,
    ComputePool,
    Database,
    Grants,
    ImageRepository,
    Role,
    Schema,
    User,
)

ACCOUNTADMIN = "ACCOUNTADMIN"
_SYSADMIN = "SYSADMIN"
_SECURITYADMIN = "SECURITYADMIN"
_USERADMIN = "USERADMIN"
_PUBLIC = "PUBLIC"

# Who inherits each system role.
_SYSTEM_ROLES = {
    ACCOUNTADMIN: (),
    _SYSADMIN: (ACCOUNTADMIN,),
    _SECURITYADMIN: (ACCOUNTADMIN,),
    _USERADMIN: (_SECURITYADMIN,),
    _PUBLIC: (),
}
_ACCOUNT_PRIVILEGES = {
    _SYSADMIN: {"CREATE DATABASE", "CREATE WAREHOUSE"},
    _SECURITYADMIN: {"MANAGE GRANTS"},
    _USERADMIN: {"CREATE ROLE", "CREATE USER"},
}
_SYSTEM_POOLS = {
    "SYSTEM_COMPUTE_POOL_CPU": "CPU_X64_S",
    "SYSTEM_COMPUTE_POOL_GPU": "GPU_NV_S",
}
_SYSTEM_POOL_MAX_NODES = 150
_SYSTEM_POOL_AUTO_SUSPEND = 259_200

# `snow spcs image-registry url` looks here first (contract 5).
_IMAGES_DATABASE, _IMAGES_SCHEMA, _IMAGES_REPOSITORY = "SNOWFLAKE", "IMAGES", "SNOWFLAKE_IMAGES"


def new_account(
    organization: str,
    name: str,
    locator: str,
    *,
    now: datetime,
    user: str = "OPERATOR",
    password: str | None = None,
    warehouse: str = "COMPUTE_WH",
) -> Account:
    """An account with one user, who may use every system role.

    Args:
        organization: As in `<organization>-<name>`, upper-case.
        name: The account's name in its organization.
        locator: What `CURRENT_ACCOUNT()` and `SNOWFLAKE_ACCOUNT` say.
        now: When everything in it was created.
        user: Login name; its default role is ACCOUNTADMIN.
        password: None when the user logs in by key or token only.
        warehouse: A warehouse that every role may use.
    """
    account = Account(organization, name, locator, created_on=now, grants=Grants(ACCOUNTADMIN))
    for role, heirs in _SYSTEM_ROLES.items():
        users = set() if role == _PUBLIC else {user}
        account.roles[role] = Role(role, now, granted_to=set(heirs), users=users)
    account.grants.privileges.update(
        {role: set(privileges) for role, privileges in _ACCOUNT_PRIVILEGES.items()}
    )
    account.users[user] = User(user, ACCOUNTADMIN, password=password)
    account.warehouses[warehouse] = Grants(_SYSADMIN, {_PUBLIC: {"USAGE"}})
    for pool, family in _SYSTEM_POOLS.items():
        account.compute_pools[pool] = _system_pool(pool, family, now)
    _add_images(account, now)
    return account


def new_schema(database: str, name: str, *, owner: str, now: datetime) -> Schema:
    """A schema; the hash in its services' DNS names follows from its qualified name."""
    digest = hashlib.sha256(f"{database}.{name}".encode()).hexdigest()
    return Schema(name, now, Grants(owner), dns_hash="s" + digest[:3])


def new_database(name: str, *, owner: str, now: datetime) -> Database:
    """A database with its PUBLIC schema."""
    database = Database(name, now, Grants(owner))
    database.schemas["PUBLIC"] = new_schema(name, "PUBLIC", owner=owner, now=now)
    return database


def _system_pool(name: str, family: str, now: datetime) -> ComputePool:
    return ComputePool(
        name,
        family,
        min_nodes=1,
        max_nodes=_SYSTEM_POOL_MAX_NODES,
        created_on=now,
        grants=Grants(ACCOUNTADMIN, {_PUBLIC: {"USAGE"}}),
        auto_suspend_secs=_SYSTEM_POOL_AUTO_SUSPEND,
        suspended=True,
        resumed_on=now,
        updated_on=now,
        state="SUSPENDED",
    )


def _add_images(account: Account, now: datetime) -> None:
    snowflake = Database(
        _IMAGES_DATABASE,
        now,
        Grants(ACCOUNTADMIN, {_PUBLIC: {"USAGE"}}),
        comment="Shared by SNOWFLAKE",
    )
    images = new_schema(_IMAGES_DATABASE, _IMAGES_SCHEMA, owner=ACCOUNTADMIN, now=now)
    images.grants.privileges[_PUBLIC] = {"USAGE"}
    snowflake.schemas[_IMAGES_SCHEMA] = images
    account.databases[_IMAGES_DATABASE] = snowflake
    key = (_IMAGES_DATABASE, _IMAGES_SCHEMA, _IMAGES_REPOSITORY)
    account.image_repositories[key] = ImageRepository(
        key, now, Grants(ACCOUNTADMIN, {_PUBLIC: {"READ"}})
    )
