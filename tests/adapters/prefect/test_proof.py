"""Whether credentials are proved to work: on a real server, and where keys are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder
from spcs_worker_tui.adapters.prefect.proof import prove
from spcs_worker_tui.domain.errors import PrefectUnauthorizedError, PrefectUnreachableError
from spcs_worker_tui.domain.keys import FoundKey, KeyKind, KeyName, Secret
from support.prefect_lab import Lab
from support.prefect_stub import Reply, Request, prefect_stub

pytestmark = pytest.mark.asyncio(loop_scope="module")

VALUE = "pnu_verysecret"


class Kept:
    """A `KeySource` with one key."""

    def __init__(self, kind: KeyKind, value: str) -> None:
        self.kind, self.value = kind, value

    async def find(self, name: KeyName, *, again: bool = False) -> FoundKey:
        return FoundKey(Secret(self.value), "the keyring") if name.kind is self.kind else FoundKey()


def finder(path: Path, kind: KeyKind = KeyKind.AUTH_STRING, value: str = "") -> CredentialFinder:
    keys = Kept(kind, value) if value else None
    return CredentialFinder({}, path / "no-profiles.toml", keys)


async def test_a_real_server_that_asks_for_credentials(prefect: Lab, tmp_path: Path) -> None:
    url = prefect.server.api_url
    good = finder(tmp_path, value="ops:wonder land")
    assert await prove(good, url) == "takes the key from the keyring"
    with pytest.raises(PrefectUnauthorizedError, match="refuses the credentials from the keyring"):
        await prove(finder(tmp_path, value="ops:wrong"), url)
    with pytest.raises(PrefectUnauthorizedError, match="none are saved"):
        await prove(finder(tmp_path), url)


def asks_for_a_key(request: Request) -> Reply:
    if request.headers.get("authorization") == f"Bearer {VALUE}":
        return Reply(content=b"[]")
    return Reply(401, {"exception_message": "Unauthorized"})


async def test_an_api_key(tmp_path: Path) -> None:
    async with prefect_stub(asks_for_a_key) as stub:
        good = finder(tmp_path, KeyKind.API_KEY, VALUE)
        assert await prove(good, stub.api_url) == "takes the key from the keyring"
        with pytest.raises(PrefectUnauthorizedError) as caught:
            await prove(finder(tmp_path, KeyKind.API_KEY, "pnu_other"), stub.api_url)
        assert "pnu_other" not in str(caught.value)


async def test_a_server_that_asks_nobody_proves_nothing(tmp_path: Path) -> None:
    async with prefect_stub(lambda _request: Reply(content=b"[]")) as stub:
        with_key = await prove(finder(tmp_path, KeyKind.API_KEY, VALUE), stub.api_url)
        assert "without any as well" in with_key
        assert "asks nobody" in await prove(finder(tmp_path), stub.api_url)


async def test_a_server_that_does_not_answer_proves_nothing(tmp_path: Path) -> None:
    with pytest.raises(PrefectUnreachableError):
        await prove(finder(tmp_path), "http://127.0.0.1:1/api")
