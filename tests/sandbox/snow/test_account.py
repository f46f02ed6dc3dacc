"""`snow` on everything around services: connection, images, compute pools."""

from __future__ import annotations

import asyncio
import json

import pytest

from support.snow import Snow

# The first of them installs the program.
pytestmark = pytest.mark.timeout(600)


async def test_the_connection_is_good(snow: Snow) -> None:
    answer = await snow.ok("connection", "test", table=False, alone=True)
    for word in ("OK", "acme-main-site", "OPERATOR", "DEPLOYER", "COMPUTE_WH"):
        assert word in answer.text
    snow.connect_as(password="wrong")
    refused = await snow.run("connection", "test", table=False)
    assert refused.status == 1
    assert "Incorrect username or password" in refused.text


async def test_the_registry_s_token_outlives_the_command(snow: Snow) -> None:
    token, url = await asyncio.gather(
        snow.ok("spcs", "image-registry", "token"),
        snow.ok("spcs", "image-registry", "url", table=False),
    )
    issued = json.loads(token.out)
    assert issued["expires_in"] == 3600
    sessions = snow.sandbox.server.wire.sessions
    assert sessions.by_token(issued["token"]).tenant.account is snow.lab.account
    assert "acme-main-site.registry.snowflakecomputing.com" in url.text


async def test_image_repositories(snow: Snow) -> None:
    words = ("spcs", "image-repository")
    repositories, images, some, url, created = await asyncio.gather(
        snow.rows(*words, "list"),
        snow.rows(*words, "list-images", "REPO"),
        snow.rows(*words, "list-images", "REPO", "--like", "wor%"),
        snow.ok(*words, "url", "REPO", table=False),
        snow.rows(*words, "create", "OTHER"),
    )
    assert "REPO" in [row["name"] for row in repositories]
    assert {row["image_name"] for row in images} == {"worker", "job"}
    assert [row["image_name"] for row in some] == ["worker"]
    assert "acme-main-site.registry.snowflakecomputing.com/d/s/repo" in url.text
    assert created == [{"status": "Image Repository OTHER successfully created."}]
    assert await snow.rows(*words, "drop", "OTHER") == [{"status": "OTHER successfully dropped."}]


async def test_compute_pools(snow: Snow) -> None:
    words = ("spcs", "compute-pool")
    done = [{"status": "Statement executed successfully."}]
    pool = snow.lab.account.compute_pools["P"]
    listed, (described,), status = await asyncio.gather(
        snow.rows(*words, "list", "--like", "p"),
        snow.rows(*words, "describe", "P"),
        snow.ok(*words, "status", "P"),
    )
    assert [row["name"] for row in listed] == ["P"]
    assert "error_code" in described
    assert "P" in status.out
    assert await snow.rows(*words, "set", "P", "--max-nodes", "3", "--comment", "it's") == done
    assert (pool.max_nodes, pool.comment) == (3, "it's")
    assert await snow.rows(*words, "unset", "P", "--comment") == done
    assert pool.comment is None
    assert await snow.rows(*words, "stop-all", "P") == done
    assert await snow.rows(*words, "suspend", "P") == done
    assert pool.suspended
    assert await snow.rows(*words, "resume", "P") == done
    assert not pool.suspended


async def test_a_compute_pool_comes_and_goes(snow: Snow) -> None:
    words = ("spcs", "compute-pool")
    snow.connect_as(role="ACCOUNTADMIN")
    (created,) = await snow.rows(
        *(*words, "create", "Q", "--family", "CPU_X64_XS", "--min-nodes", "1"),
        *("--max-nodes", "2", "--init-suspend"),
    )
    assert created == {"status": "Compute pool Q successfully created."}
    assert snow.lab.account.compute_pools["Q"].suspended
    assert await snow.rows(*words, "drop", "Q") == [{"status": "Q successfully dropped."}]
