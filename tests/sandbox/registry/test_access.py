"""Who gets in, and how far (contract 5)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from support.registry import SESSION_USER, Hub, TestImage


def code(answer: httpx.Response) -> str:
    return str(answer.json()["errors"][0]["code"])


async def test_a_stranger_is_told_where_to_log_in(hub: Hub):
    async with httpx.AsyncClient(base_url=hub.url()) as http:
        answer = await http.get("/v2/")
    assert (answer.status_code, code(answer)) == (401, "UNAUTHORIZED")
    host = hub.lab.account.registry_host
    challenge = answer.headers["www-authenticate"]
    assert challenge == f'Bearer realm="http://{host}/login",service="{host}"'


async def test_the_session_token_is_changed_for_a_bearer_token(hub: Hub):
    async with hub.client() as client:
        token = (await client.http.get("/login")).json()["token"]
    async with httpx.AsyncClient(base_url=hub.url()) as http:
        answer = await http.get("/v2/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"


@pytest.mark.parametrize(
    "auth",
    [
        (SESSION_USER, json.dumps({"token": "wrong", "expires_in": 3600})),
        (SESSION_USER, "no JSON"),
        (SESSION_USER, "[]"),
        (SESSION_USER, json.dumps({"token": None})),
        ("OPERATOR", "swordfish"),  # a plain password: stopped by the rule for MFA
        ("0node", "wrong"),
        ("NOBODY", "x"),
    ],
)
async def test_wrong_credentials(hub: Hub, auth: tuple[str, str]):
    async with hub.client(auth=auth) as client:
        for path in ("/login", "/v2/", "/v2/d/s/repo/worker/tags/list"):
            answer = await client.http.get(path)
            assert (answer.status_code, code(answer)) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic ???", "Snowflake Token=x"])
async def test_wrong_headers(hub: Hub, header: str):
    async with httpx.AsyncClient(base_url=hub.url()) as http:
        answer = await http.get("/v2/", headers={"Authorization": header})
    assert answer.status_code == 401


async def test_the_bare_token_without_its_json_is_refused(hub: Hub):
    _, token = hub.session()
    async with hub.client(auth=(SESSION_USER, token)) as client:
        assert (await client.http.get("/v2/")).status_code == 401


async def test_a_programmatic_access_token_stands_for_its_user(hub: Hub):
    user = hub.lab.account.users["OPERATOR"]
    user.access_tokens["pat"] = datetime.now(UTC) + timedelta(hours=1)
    user.access_tokens["old"] = datetime.now(UTC) - timedelta(hours=1)
    async with hub.client(auth=("operator", "pat")) as client:
        assert (await client.push(TestImage(), "1.0")).status_code == 201
    async with hub.client(auth=("operator", "old")) as client:
        assert (await client.http.get("/v2/")).status_code == 401


async def test_a_token_ends_with_its_session(hub: Hub):
    session, token = hub.session()
    async with hub.client(token=token) as client:
        bearer = (await client.http.get("/login")).json()["token"]
        hub.sandbox.server.wire.sessions.close(session)
        assert (await client.http.get("/v2/")).status_code == 401
        answer = await client.http.get("/v2/", headers={"Authorization": f"Bearer {bearer}"})
        assert answer.status_code == 401


async def test_another_accounts_token_is_no_token_here(hub: Hub):
    _, token = hub.session(1)
    async with hub.client(0, token=token) as client:
        assert (await client.http.get("/v2/")).status_code == 401


async def test_each_account_has_its_own_images(hub: Hub):
    async with hub.client(0) as client:
        assert (await client.push(TestImage(), "1.0")).status_code == 201
    async with hub.client(1) as client:
        answer = await client.http.get("/v2/d/s/repo/app/manifests/1.0")
        assert (answer.status_code, code(answer)) == (404, "MANIFEST_UNKNOWN")


@pytest.mark.parametrize(
    "name", ["d/s/nothing/app", "d/nothing/repo/app", "snowflake/images/snowflake_images/app"]
)
async def test_foreign_and_missing_repositories_are_the_same(hub: Hub, name: str):
    async with hub.client(role="DEPLOYER") as client:
        answer = await client.http.post(f"/v2/{name}/blobs/uploads/")
    assert (answer.status_code, code(answer)) == (403, "DENIED")
    assert "does not exist or not authorized" in answer.text


async def test_reading_does_not_allow_writing(hub: Hub):
    repository = hub.lab.account.image_repositories["D", "S", "REPO"]
    async with hub.client() as client:
        assert (await client.push(TestImage(), "1.0")).status_code == 201
    async with hub.client(role="WATCHER") as client:
        assert (await client.http.get("/v2/d/s/repo/app/manifests/1.0")).status_code == 403
        hub.lab.allow("WATCHER", repository.grants, privilege="READ")
        # Still shut out of the schema.
        assert (await client.http.get("/v2/d/s/repo/app/manifests/1.0")).status_code == 403
        hub.lab.open_schema("WATCHER")
        assert (await client.http.get("/v2/d/s/repo/app/manifests/1.0")).status_code == 200
        assert (await client.blob(b"x")).status_code == 403
        assert (await client.http.get("/v2/")).status_code == 200


async def test_nodes_pull_everything_and_push_nothing(hub: Hub):
    async with hub.client() as client:
        assert (await client.push(TestImage(), "1.0")).status_code == 201
    async with hub.client(auth=hub.registry.node_credentials) as node:
        assert (await node.http.get("/v2/d/s/repo/app/manifests/1.0")).status_code == 200
        assert (await node.blob(b"x")).status_code == 403


async def test_a_name_without_an_image(hub: Hub):
    async with hub.client() as client:
        answer = await client.http.get("/v2/d/s/repo/tags/list")
    assert (answer.status_code, code(answer)) == (404, "NAME_INVALID")
