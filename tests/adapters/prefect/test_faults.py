"""Every way in which a Prefect API can fail becomes one of our errors, in one sentence."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from spcs_worker_tui.adapters.prefect import reader as reader_module
from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder, Credentials
from spcs_worker_tui.adapters.prefect.http import PrefectHttp
from spcs_worker_tui.adapters.prefect.reader import ApiReader
from spcs_worker_tui.adapters.prefect.readers import PrefectReaders
from spcs_worker_tui.domain.errors import (
    PrefectBusyError,
    PrefectError,
    PrefectGarbledError,
    PrefectNotFoundError,
    PrefectUnauthorizedError,
    PrefectUnreachableError,
)
from spcs_worker_tui.domain.prefect import WorkPoolKey
from support.prefect_lab import until
from support.prefect_reading import api_reader, look
from support.prefect_stub import Reply, Request, prefect_stub, well

KEY = "pnu_verysecretverysecret"


async def test_a_look_takes_five_requests_and_never_asks_for_scheduled_runs() -> None:
    async with prefect_stub() as stub:
        reader = api_reader(stub)
        key = WorkPoolKey(stub.api_url, "spcs")
        seen = await reader.work_pool(key)
        first = sorted(stub.paths)
        stub.requests.clear()
        await reader.work_pool(key)
        await reader.close()
    assert seen.server_version == "3.8.8"
    assert "/admin/version" in first
    assert sorted(stub.paths) == [
        "/flow_runs/filter",
        "/flow_runs/filter",
        "/work_pools/spcs",
        "/work_pools/spcs/queues/filter",
        "/work_pools/spcs/workers/filter",
    ]


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply(200, "<!doctype html><title>Sign in</title>"), PrefectGarbledError, "sign-in page"),
        (
            Reply(302, "", {"Location": "https://sso/?secret=1"}),
            PrefectGarbledError,
            "sign-in page",
        ),
        (Reply(404, "<html>nothing</html>"), PrefectGarbledError, "sign-in page"),
        (Reply(403, "<html>proxy</html>"), PrefectGarbledError, "sign-in page"),
        (Reply(200, b"<html>", {"Content-Type": "text/plain"}), PrefectGarbledError, "web page"),
        (Reply(200, b"\xff\xfe{"), PrefectGarbledError, "else than JSON"),
        (Reply(200, b"[" * 100_000), PrefectGarbledError, "else than JSON"),
        (Reply(200, b"", {"Content-Encoding": "gzip"}), PrefectGarbledError, "else than JSON"),
        (Reply(200, b"no gzip", {"Content-Encoding": "gzip"}), PrefectGarbledError, "unreadable"),
        (Reply(200, endless=True, content=b""), PrefectGarbledError, "without end"),
        (Reply(404, {"detail": "Not Found"}), PrefectGarbledError, "no Prefect API"),
        (Reply(404, {"detail": 'Work pool "spcs" not found.'}), PrefectNotFoundError, "not found"),
        (Reply(401, {"exception_message": "Unauthorized"}), PrefectUnauthorizedError, "none are"),
        (Reply(403, {"detail": "Forbidden"}), PrefectUnauthorizedError, "(403)"),
        (Reply(429, {"detail": "slow"}, {"Retry-After": "7"}), PrefectBusyError, "left alone"),
        (Reply(503, {}), PrefectBusyError, "starting or overloaded"),
        (Reply(503, {}, {"Prefect-Maintenance": "true"}), PrefectBusyError, "maintenance"),
        (
            Reply(500, {"exception_message": "Internal \x1b[31mError"}),
            PrefectError,
            "Internal Error",
        ),
        (Reply(418, b"short"), PrefectError, "418"),
    ],
)
async def test_every_answer_but_a_good_one_is_one_sentence(
    reply: Reply, kind: type[PrefectError], words: str
) -> None:
    async with prefect_stub(lambda _: reply) as stub:
        with pytest.raises(kind) as caught:
            await look(stub)
    assert words in str(caught.value)
    assert caught.value.next_step
    assert "secret" not in str(caught.value)
    assert str(caught.value).isprintable()


async def test_nobody_listens() -> None:
    async with prefect_stub() as stub:
        url = stub.api_url
    reader = ApiReader(PrefectHttp(url, Credentials()))
    with pytest.raises(PrefectUnreachableError, match="Cannot reach http://127"):
        await reader.work_pool(WorkPoolKey(url, "spcs"))
    await reader.close()


async def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "TIMEOUT_SECONDS", 0.2)
    async with prefect_stub(lambda _: Reply(hang=True)) as stub:
        with pytest.raises(PrefectUnreachableError, match=r"within 0\.2 s"):
            await look(stub)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/api",
        "no address",
        "http://",
        "http://[::1/api",
        "http://a b/api",
        "http://\x00/",
        "http://127.0.0.1:99999/api",
        "http://127.0.0.1:-1/api",
        "http://127.0.0.1:0/api",
        "http://xn--/api",
        "http://127.0.0.1:1/\ud800",
    ],
)
async def test_an_address_that_is_none(url: str) -> None:
    readers = PrefectReaders(CredentialFinder({}, profiles=None))
    with pytest.raises(PrefectUnreachableError):
        await readers.work_pool(WorkPoolKey(url, "spcs"))
    await readers.close()


@pytest.mark.parametrize(("url", "pool"), [("", "spcs"), ("http://127.0.0.1:1/api", "")])
async def test_a_binding_without_api_or_pool_is_asked_of_nobody(url: str, pool: str) -> None:
    readers = PrefectReaders(CredentialFinder({}))
    with pytest.raises(PrefectError, match="names no"):
        await readers.work_pool(WorkPoolKey(url, pool))
    await readers.close()


async def test_a_password_in_the_address_is_not_repeated() -> None:
    url = "http://ops:hunter2@127.0.0.1:1/api"
    reader = ApiReader(PrefectHttp(url, Credentials()))
    with pytest.raises(PrefectUnreachableError) as caught:
        await reader.work_pool(WorkPoolKey(url, "spcs"))
    assert "hunter2" not in str(caught.value)
    await reader.close()


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        *(("7", 7), ("0", 1), ("-3", 1), ("1e9", 600), ("nan", 600), ("soon", 10), ("", 10)),
        ("Wed, 21 Oct 20269999999999 08:05:00 GMT", 10),
    ],
)
async def test_how_long_a_busy_api_is_left_alone(told: str, seconds: float) -> None:
    async with prefect_stub(lambda _: Reply(429, {}, {"Retry-After": told})) as stub:
        with pytest.raises(PrefectBusyError) as caught:
            await look(stub)
    assert caught.value.retry_after == seconds


async def test_a_date_tells_how_long_to_stay_away() -> None:
    when = datetime.now(UTC) + timedelta(seconds=100)
    told = {"Retry-After": format_datetime(when, usegmt=True)}
    async with prefect_stub(lambda _: Reply(429, {}, told)) as stub:
        with pytest.raises(PrefectBusyError) as caught:
            await look(stub)
    assert 60 < caught.value.retry_after <= 100


async def test_a_busy_api_is_not_asked_before_its_time() -> None:
    async with prefect_stub(lambda _: Reply(429, {}, {"Retry-After": "60"})) as stub:
        reader = api_reader(stub)
        for key in (WorkPoolKey(stub.api_url, "spcs"), WorkPoolKey(stub.api_url, "other")):
            with pytest.raises(PrefectBusyError):
                await reader.work_pool(key)
            asked, stub.requests = stub.requests, []
        await reader.close()
    assert asked == []


async def test_a_locked_database_is_asked_again_at_once() -> None:
    refused: set[str] = set()

    def once(request: Request) -> Reply:
        if request.path not in refused:
            refused.add(request.path)
            return Reply(503, {"exception_message": "Service Unavailable"})
        return well(request)

    async with prefect_stub(once) as stub:
        seen = await look(stub)
    assert seen.status == "READY"


async def test_a_connection_that_was_let_go_of_just_then_is_made_anew() -> None:
    answers = iter([False, True, False])

    async with prefect_stub(
        lambda asked: Reply(drop=True) if next(answers) else well(asked)
    ) as stub:
        http = PrefectHttp(stub.api_url, Credentials())
        try:
            await http.get("/admin/version")
            assert (await http.get("/admin/version")).content == "3.8.8"
        finally:
            await http.close()
        assert len(stub.requests) == 3


async def test_a_server_that_never_answers_but_hangs_up_is_asked_twice() -> None:
    async with prefect_stub(lambda _: Reply(drop=True)) as stub:
        http = PrefectHttp(stub.api_url, Credentials())
        try:
            with pytest.raises(PrefectUnreachableError, match="Server disconnected"):
                await http.get("/admin/version")
        finally:
            await http.close()
        assert len(stub.requests) == 2


async def test_a_server_that_says_when_to_come_back_is_not_retried() -> None:
    async with prefect_stub(lambda _: Reply(503, {}, {"Retry-After": "30"})) as stub:
        with pytest.raises(PrefectBusyError) as caught:
            await look(stub)
        assert caught.value.retry_after == 30
        assert len(stub.paths) == len(set(map(str, stub.requests)))


async def test_csrf_tokens_are_fetched_once_and_again_when_they_end() -> None:
    tokens = iter(("first", "second"))
    valid = ""

    def guarded(request: Request) -> Reply:
        nonlocal valid
        if request.path.startswith("/csrf-token?client="):
            valid = next(tokens)
            return Reply(content={"token": valid, "client": request.path.partition("=")[2]})
        if request.method == "POST" and request.headers.get("prefect-csrf-token") != valid:
            return Reply(403, {"detail": "Invalid CSRF token or client identifier."})
        if request.method == "POST":
            assert request.headers["prefect-csrf-client"]
        return well(request)

    valid = "nobody has it"
    async with prefect_stub(guarded) as stub:
        reader = api_reader(stub)
        key = WorkPoolKey(stub.api_url, "spcs")
        await reader.work_pool(key)
        valid = "nobody has it"
        await reader.work_pool(key)
        await reader.close()
        assert sum(path.startswith("/csrf-token") for path in stub.paths) == 2


async def test_csrf_token_of_the_wrong_shape() -> None:
    def guarded(request: Request) -> Reply:
        if request.path.startswith("/csrf-token"):
            return Reply(content={"token": ["x"]})
        return Reply(403, {"detail": "Missing CSRF token."})

    async with prefect_stub(guarded) as stub:
        with pytest.raises(PrefectGarbledError, match="CSRF"):
            await look(stub)


@pytest.mark.parametrize("minutes", [-3, 3])
async def test_the_server_s_clock_counts(minutes: int) -> None:
    def other_time(request: Request) -> Reply:
        reply = well(request)
        when = datetime.now(UTC) + timedelta(minutes=minutes)
        reply.headers["Date"] = format_datetime(when, usegmt=True)
        return reply

    async with prefect_stub(other_time) as stub:
        seen = await look(stub)
    assert abs(seen.clock_skew - timedelta(minutes=minutes)) < timedelta(seconds=30)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("\x1b]52;c;RVZJTA==\x073.8.8\x9b2J", "3.8.8"),
        ("3\n8 \u202e8", "3 8 8"),
        (8, ""),
        (None, ""),
    ],
)
async def test_a_version_is_text_as_well(said: object, shown: str) -> None:
    def evil(request: Request) -> Reply:
        if request.path == "/admin/version":
            return Reply(content=json.dumps(said).encode())
        return well(request)

    async with prefect_stub(evil) as stub:
        assert (await look(stub)).server_version == shown


@pytest.mark.parametrize(
    "date",
    [
        *("", "yesterday", "Mon, 99 Nov 2026 99:00:00 GMT"),
        *("Wed, 21 Oct 20269999999999 08:05:00 GMT", "Fri, 31 Dec 9999 23:59:59.9 GMT"),
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ],
)
async def test_a_date_that_is_none_means_no_skew(date: str) -> None:
    def undated(request: Request) -> Reply:
        reply = well(request)
        reply.headers["Date"] = date
        return reply

    async with prefect_stub(undated) as stub:
        assert (await look(stub)).clock_skew == timedelta()


async def test_what_is_nice_to_know_may_fail() -> None:
    def poor(request: Request) -> Reply:
        if request.path in ("/admin/version", "/events/filter", "/flows/filter"):
            return Reply(500, {})
        if request.path == "/flow_runs/filter":
            return Reply(content=[{"id": "1", "flow_id": "f", "state_name": "Late"}])
        return well(request)

    async with prefect_stub(poor) as stub:
        seen = await look(stub)
    assert seen.server_version == ""
    assert seen.late_runs[0].flow_name == ""


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        ({"api_key": KEY}, f"Bearer {KEY}"),
        ({"auth_string": "ops:pass"}, "Basic b3BzOnBhc3M="),
        ({"auth_string": "ops:pass", "api_key": KEY}, "Basic b3BzOnBhc3M="),
        ({"auth_string": "ö:ß"}, "Basic w7Y6w58="),
        ({}, None),
    ],
)
async def test_how_it_signs_in(credentials: dict[str, str], header: str | None) -> None:
    async with prefect_stub() as stub:
        await look(stub, **credentials)
        assert {request.headers.get("authorization") for request in stub.requests} == {header}


async def test_custom_headers_cannot_replace_ours() -> None:
    given = {"X-Proxy": "letmein", "User-Agent": "other", "Prefect-Csrf-Token": "mine"}
    async with prefect_stub() as stub:
        await look(stub, custom_headers=given)
        headers = stub.requests[0].headers
    assert headers["x-proxy"] == "letmein"
    assert headers["user-agent"] == "spcs-worker-tui"
    assert "prefect-csrf-token" not in headers


async def test_a_cancelled_look_leaves_the_reader_usable() -> None:
    hang = True
    async with prefect_stub(lambda r: Reply(hang=True) if hang else well(r)) as stub:
        reader = api_reader(stub)
        key = WorkPoolKey(stub.api_url, "spcs")
        task = asyncio.create_task(reader.work_pool(key))
        await until(lambda: stub.requests, what="a request")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        hang = False
        assert (await reader.work_pool(key)).status == "READY"
        await reader.close()


async def test_one_dead_api_does_not_hold_up_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "TIMEOUT_SECONDS", 5)
    async with prefect_stub(lambda _: Reply(hang=True)) as dead, prefect_stub() as alive:
        readers = PrefectReaders(CredentialFinder({}))
        stuck = asyncio.create_task(readers.work_pool(WorkPoolKey(dead.api_url, "spcs")))
        seen = await readers.work_pool(WorkPoolKey(alive.api_url, "spcs"))
        assert seen.status == "READY"
        assert not stuck.done()
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)
        await readers.close()


async def test_credentials_that_are_refused_are_looked_for_again(tmp_path: Path) -> None:
    """Somebody saves a key while the dashboard runs."""

    def asks_for_a_key(request: Request) -> Reply:
        if request.headers.get("authorization") == f"Bearer {KEY}":
            return well(request)
        return Reply(401, {"exception_message": "Unauthorized"})

    profiles = tmp_path / "profiles.toml"
    async with prefect_stub(asks_for_a_key) as stub:
        readers = PrefectReaders(CredentialFinder({}, profiles))
        key = WorkPoolKey(stub.api_url, "spcs")
        with pytest.raises(PrefectUnauthorizedError):
            await readers.work_pool(key)
        with pytest.raises(PrefectUnauthorizedError):
            await readers.work_pool(key)
        assert stub.paths.count("/work_pools/spcs") == 2  # not twice with the same credentials
        profiles.write_text(
            f'[profiles.new]\nPREFECT_API_URL = "{stub.api_url}"\nPREFECT_API_KEY = "{KEY}"\n'
        )
        assert (await readers.work_pool(key)).key == key
        await readers.close()
