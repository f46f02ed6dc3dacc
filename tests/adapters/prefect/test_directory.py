"""Prefect APIs to choose from: Cloud's workspaces from a stand-in, the rest on a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder, Credentials
from spcs_worker_tui.adapters.prefect.directory import PrefectDirectory
from spcs_worker_tui.adapters.prefect.http import PrefectHttp
from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    PrefectGarbledError,
    PrefectUnauthorizedError,
    PrefectUnreachableError,
)
from spcs_worker_tui.domain.keys import KeyKind, Secret
from spcs_worker_tui.domain.prefect_places import (
    ActiveProfile,
    PoolChoice,
    PrefectAccess,
    PrefectProof,
    checked_api_url,
)
from support.prefect_lab import Lab
from support.prefect_stub import Reply, Request, prefect_stub

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "pnu_verysecret"
ROW = {
    "account_id": "11111111-1111-1111-1111-111111111111",
    "account_name": "Acme",
    "account_handle": "acme",
    "workspace_id": "22222222-2222-2222-2222-222222222222",
    "workspace_name": "Prod",
    "workspace_description": "what is \x1b[31mreal",
    "workspace_handle": "prod",
}
CLOUD = PrefectAccess("", secret=Secret(KEY))


def directory(path: Path, **environ: str) -> PrefectDirectory:
    return PrefectDirectory(CredentialFinder({}, path / "profiles.toml"), environ)


def cloud(request: Request) -> Reply:
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return Reply(401, {"detail": "Invalid authentication credentials"})
    return Reply(content=[ROW] if request.path.endswith("/me/workspaces") else {})


async def test_the_workspaces_of_a_key(tmp_path: Path) -> None:
    async with prefect_stub(cloud) as stub:
        found = await directory(tmp_path, PREFECT_CLOUD_API_URL=stub.api_url).workspaces(CLOUD)
    (workspace,) = found
    assert workspace.name == "acme/prod"
    assert workspace.api_url == (
        f"{stub.api_url}/accounts/{ROW['account_id']}/workspaces/{ROW['workspace_id']}"
    )
    assert workspace.description == "what is real"


async def test_a_key_that_is_refused(tmp_path: Path) -> None:
    async with prefect_stub(cloud) as stub:
        wrong = PrefectAccess("", secret=Secret("pnu_wrongword"))
        with pytest.raises(PrefectUnauthorizedError, match="refuses this key") as caught:
            await directory(tmp_path, PREFECT_CLOUD_API_URL=stub.api_url).workspaces(wrong)
    assert "wrongword" not in f"{caught.value}{caught.value.next_step}"


@pytest.mark.parametrize("content", [{}, [{}], [ROW | {"account_id": 1}], b"null"])
async def test_what_is_no_list_of_workspaces(tmp_path: Path, content: object) -> None:
    async with prefect_stub(lambda _: Reply(content=content)) as stub:
        with pytest.raises(PrefectGarbledError):
            await directory(tmp_path, PREFECT_CLOUD_API_URL=stub.api_url).workspaces(CLOUD)


async def test_nobody_is_there(tmp_path: Path) -> None:
    with pytest.raises(PrefectUnreachableError):
        await directory(tmp_path, PREFECT_CLOUD_API_URL="http://127.0.0.1:9/api").workspaces(CLOUD)


async def test_a_real_server_with_what_was_typed(prefect: Lab, tmp_path: Path) -> None:
    url = prefect.server.api_url
    chosen = directory(tmp_path)
    good = PrefectAccess(url, KeyKind.AUTH_STRING, Secret("ops:wonder land"))
    proof = PrefectProof("takes the key from what was typed", KeyKind.AUTH_STRING)
    assert await chosen.test(good) == proof
    http = PrefectHttp(url, Credentials(auth_string="ops:wonder land"))
    await http.post("/work_pools/", {"name": "to-choose", "type": "process"})
    await http.close()
    assert PoolChoice("to-choose", "process", "NOT_READY") in await chosen.work_pools(good)
    with pytest.raises(PrefectUnauthorizedError, match="what was typed"):
        await chosen.test(PrefectAccess(url, KeyKind.AUTH_STRING, Secret("ops:wrong")))
    with pytest.raises(PrefectUnauthorizedError, match="none are saved"):
        await chosen.work_pools(PrefectAccess(url))


async def test_the_active_profile_and_no_other(tmp_path: Path) -> None:
    profiles = tmp_path / "profiles.toml"
    profiles.write_text(
        'active = "cloud"\n'
        '[profiles.local]\nPREFECT_API_URL = "http://127.0.0.1:4200/api"\n'
        '[profiles.cloud]\nPREFECT_API_URL = "https://api.prefect.cloud/api/x/"\n'
        'PREFECT_API_KEY = "pnu_1"\n'
    )
    url = "https://api.prefect.cloud/api/x"
    chosen = PrefectDirectory(CredentialFinder({}, profiles), {})
    assert chosen.active() == ActiveProfile(url, "Prefect profile 'cloud'", KeyKind.API_KEY)
    named = PrefectDirectory(CredentialFinder({"PREFECT_PROFILE": "local"}, profiles), {})
    assert named.active() == ActiveProfile("http://127.0.0.1:4200/api", "Prefect profile 'local'")
    variables = {"PREFECT_API_URL": "http://h/api", "PREFECT_API_AUTH_STRING": "a:b"}
    told = PrefectDirectory(CredentialFinder(variables, profiles), {})
    assert told.active() == ActiveProfile("http://h/api", "the environment", KeyKind.AUTH_STRING)


@pytest.mark.parametrize("text", ["", "active = 1", "[", '[profiles.a]\nPREFECT_API_URL = "x"'])
async def test_no_active_profile(tmp_path: Path, text: str) -> None:
    profiles = tmp_path / "profiles.toml"
    profiles.write_text(text)
    assert PrefectDirectory(CredentialFinder({}, profiles), {}).active() is None


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://prefect.example.com/api/", "https://prefect.example.com/api"),
        ("https://prefect.example.com", "https://prefect.example.com/api"),
        ("127.0.0.1:4200", "http://127.0.0.1:4200/api"),
        ("https://example.com/prefect/api", "https://example.com/prefect/api"),
        (
            f"https://app.prefect.cloud/account/{ROW['account_id']}/workspace/"
            f"{ROW['workspace_id']}/dashboard",
            f"https://api.prefect.cloud/api/accounts/{ROW['account_id']}/workspaces/"
            f"{ROW['workspace_id']}",
        ),
    ],
)
async def test_an_address_becomes_that_of_the_api(typed: str, url: str) -> None:
    assert checked_api_url(typed) == url


@pytest.mark.parametrize("typed", ["", " ", "https://u:p@host/api", "a b"])
async def test_what_is_no_address(typed: str) -> None:
    with pytest.raises(ConfigurationError):
        checked_api_url(typed)


@pytest.mark.parametrize(
    ("url", "is_private"),
    [
        ("http://127.0.0.1:4200/api", True),
        ("http://192.168.1.4/api", True),
        ("http://localhost/api", True),
        ("https://prefect.example.com/api", False),
        ("https://8.8.8.8/api", False),
    ],
)
async def test_addresses_that_no_container_reaches(url: str, is_private: bool) -> None:
    assert PrefectAccess(url).is_private is is_private
