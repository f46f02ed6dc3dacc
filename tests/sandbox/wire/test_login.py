"""Who gets in, and as what; asked through the real connector."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import snowflake.connector
from cryptography.hazmat.primitives.asymmetric import rsa
from snowflake.connector import aio
from snowflake.connector.errors import DatabaseError

from spcs_worker_tui.sandbox.wire.envelope import WireError
from spcs_worker_tui.sandbox.wire.login import Login, fingerprint
from spcs_worker_tui.sandbox.wire.service_tokens import ServiceTokens
from support.catalogue import new_lab
from support.key_pairs import new_key, write_key
from support.sandbox import RunningSandbox, running_sandbox, second_lab


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running_sandbox(new_lab(), second_lab()) as running:
        yield running


async def ask(connection: dict[str, Any], text: str) -> list[Any]:
    async with await aio.connect(**connection) as opened:
        cursor = opened.cursor()
        await cursor.execute(text)
        return list(await cursor.fetchall())


async def refusal(connection: dict[str, Any]) -> tuple[int, str]:
    with pytest.raises(DatabaseError) as caught:
        await aio.connect(**connection)
    return caught.value.errno, caught.value.sqlstate


async def test_the_account_named_at_login_answers(sandbox: RunningSandbox) -> None:
    question = "SELECT CURRENT_ACCOUNT(), CURRENT_ROLE()"
    assert await ask(sandbox.connection(0), question) == [("AB12345", "DEPLOYER")]
    assert await ask(sandbox.connection(1), question) == [("CD67890", "DEPLOYER")]


async def test_the_synchronous_connector_logs_in_too(sandbox: RunningSandbox) -> None:
    def connect_and_ask() -> Any:
        with snowflake.connector.connect(**sandbox.connection()) as connection:
            return connection.cursor().execute("SELECT CURRENT_USER()").fetchall()

    assert await asyncio.to_thread(connect_and_ask) == [("OPERATOR",)]


async def test_an_account_is_found_by_its_locator_as_well(sandbox: RunningSandbox) -> None:
    rows = await ask(sandbox.connection(account="cd67890"), "SELECT CURRENT_ACCOUNT_NAME()")
    assert rows == [("SECOND",)]


@pytest.mark.parametrize(
    "changes", [{"password": "wrong"}, {"user": "nobody"}, {"account": "acme-nowhere"}]
)
async def test_wrong_credentials_are_refused_alike(
    sandbox: RunningSandbox, changes: dict[str, str]
) -> None:
    assert await refusal(sandbox.connection(**changes)) == (390100, "28000")


async def test_a_role_that_the_user_does_not_hold_is_refused(sandbox: RunningSandbox) -> None:
    assert (await refusal(sandbox.connection(role="NO_SUCH_ROLE")))[0] == 390189


@pytest.mark.parametrize("key", ["database", "schema", "warehouse"])
async def test_a_missing_object_named_in_the_connection_is_refused(
    sandbox: RunningSandbox, key: str
) -> None:
    names = {"database": "D", key: "NO_SUCH_THING"}
    assert (await refusal(sandbox.connection(**names)))[0] == 390201


async def test_what_the_connection_names_is_current_afterwards(sandbox: RunningSandbox) -> None:
    connection = sandbox.connection(database="d", schema="s", warehouse="compute_wh")
    rows = await ask(connection, "SELECT CURRENT_DATABASE(), CURRENT_SCHEMA(), CURRENT_WAREHOUSE()")
    assert rows == [("D", "S", "COMPUTE_WH")]


async def test_without_a_role_the_user_s_default_is_current(sandbox: RunningSandbox) -> None:
    rows = await ask(sandbox.connection(role=None), "SELECT CURRENT_ROLE()")
    assert rows == [("ACCOUNTADMIN",)]


async def test_a_programmatic_access_token_is_good_in_both_places(sandbox: RunningSandbox) -> None:
    user = sandbox.lab.account.users["OPERATOR"]
    user.access_tokens["pat-1"] = datetime.now(UTC) + timedelta(days=1)
    as_token = {"authenticator": "PROGRAMMATIC_ACCESS_TOKEN", "token": "pat-1", "password": None}
    assert await ask(sandbox.connection(**as_token), "SELECT 1") == [(1,)]
    assert await ask(sandbox.connection(password="pat-1"), "SELECT 1") == [(1,)]
    as_token["token"] = "pat-2"
    assert (await refusal(sandbox.connection(**as_token)))[0] == 390100


async def test_an_expired_access_token_is_refused(sandbox: RunningSandbox) -> None:
    user = sandbox.lab.account.users["OPERATOR"]
    user.access_tokens["pat-1"] = datetime.now(UTC) - timedelta(seconds=1)
    assert (await refusal(sandbox.connection(password="pat-1")))[0] == 390100


async def test_a_registered_key_pair_logs_in_and_another_does_not(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    key, public = new_key()
    sandbox.lab.account.users["OPERATOR"].public_keys.append(public)
    other, _ = new_key()

    def by_key(private: rsa.RSAPrivateKey) -> dict[str, Any]:
        return sandbox.connection(
            authenticator="SNOWFLAKE_JWT",
            private_key_file=write_key(private, tmp_path / "key.p8"),
            password=None,
        )

    assert await ask(by_key(key), "SELECT CURRENT_USER()") == [("OPERATOR",)]
    assert (await refusal(by_key(other)))[0] == 390144


def claims(public: str, **changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    subject = "ACME-MAIN-SITE.OPERATOR"
    good = {
        "iss": f"{subject}.{fingerprint(public)}",
        "sub": subject,
        "iat": now,
        "exp": now + timedelta(minutes=1),
    }
    return {key: value for key, value in {**good, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": datetime(2020, 1, 1, tzinfo=UTC)},
        {"exp": None},
        {"iss": "ACME-MAIN-SITE.OPERATOR"},
        {"iss": "ACME-MAIN-SITE.OPERATOR.SHA256:" + base64.b64encode(b"other").decode()},
        {"sub": "ACME-MAIN-SITE.SOMEONE"},
        {"sub": "OTHER.OPERATOR"},
    ],
)
async def test_the_claims_of_a_key_pair_token_have_to_fit(changes: dict[str, Any]) -> None:
    lab = new_lab()
    key, public = new_key()
    lab.account.users["OPERATOR"].public_keys.append(public)
    from spcs_worker_tui.sandbox.wire.tenants import Tenant

    login = Login(
        [Tenant(lab.account, lab.executor)], lab.platform.clock, ServiceTokens(lab.platform.clock)
    )

    async def attempt(**changed: Any) -> str:
        token = jwt.encode(claims(public, **changed), key, algorithm="RS256")
        data = {
            "ACCOUNT_NAME": "acme-main-site",
            "LOGIN_NAME": "operator",
            "AUTHENTICATOR": "SNOWFLAKE_JWT",
            "TOKEN": token,
        }
        try:
            _, context = await login.check(data, {}, 1)
        except WireError as error:
            return error.code
        return context.user

    assert await attempt() == "OPERATOR"
    assert await attempt(**changes) == "390144"


async def test_a_service_logs_in_with_its_session_token(sandbox: RunningSandbox) -> None:
    token = sandbox.server.wire.service_tokens.issue(sandbox.lab.account, "SVC", "DEPLOYER")
    connection = sandbox.connection(
        authenticator="OAUTH", token=token, user=None, password=None, role=None
    )
    assert await ask(connection, "SELECT CURRENT_USER(), CURRENT_ROLE()") == [("SVC", "DEPLOYER")]


async def test_a_service_s_token_is_good_in_its_own_account_only(sandbox: RunningSandbox) -> None:
    token = sandbox.server.wire.service_tokens.issue(sandbox.lab.account, "SVC", "DEPLOYER")
    elsewhere = sandbox.connection(
        1, authenticator="OAUTH", token=token, user=None, password=None, role=None
    )
    assert (await refusal(elsewhere))[0] == 390303
