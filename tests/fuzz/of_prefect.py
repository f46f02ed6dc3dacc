"""Targets: what a Prefect API answers, and what is saved about one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from fuzz.claims import decoded, fits, is_clean
from spcs_worker_tui.adapters.prefect import http, rows
from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder, Credentials
from spcs_worker_tui.adapters.prefect.events import StartedEvents
from spcs_worker_tui.adapters.prefect.http import PrefectHttp
from spcs_worker_tui.adapters.prefect.reader import ApiReader
from spcs_worker_tui.domain.errors import ConfigurationError, PrefectError
from spcs_worker_tui.domain.prefect import WorkPoolKey
from spcs_worker_tui.domain.prefect_places import checked_api_url
from spcs_worker_tui.domain.text import without_credentials

API = "http://127.0.0.1:4200/api"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


_ASKED = (
    *("/work_pools/spcs", "/queues/filter", "/workers/filter", "/flow_runs/filter"),
    *("/flows/filter", "/admin/version", "/events/filter", ""),
)
"""Which part of the input answers what; the last one everything else."""


def _response(data: bytes) -> httpx.Response:
    """A status, headers up to an empty line, and a body."""
    head, _, body = data.partition(b"\n\n")
    status, *lines = head.split(b"\n")
    headers = [
        (name, value.strip())
        for line in lines
        for name, found, value in [line.partition(b":")]
        if found and name.isalnum() | (b"-" in name)
    ]
    number = int(status) if status.isdigit() and len(status) == 3 else 200
    # What httpx itself makes of a body that claims to be compressed is its own business.
    kept = [(name, value) for name, value in headers if name.lower() != b"content-encoding"]
    return httpx.Response(number, headers=kept, stream=httpx.ByteStream(body))


def prefect_answers(data: bytes) -> None:
    """Whole HTTP answers, a byte 1 between them, to all requests of a look at a work pool."""
    parts = data.split(b"\x01")[: len(_ASKED)]
    asked = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        number = next(i for i, end in enumerate(_ASKED) if request.url.path.endswith(end))
        return _response(parts[number % len(parts)])

    async def look() -> None:
        client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        reading = PrefectHttp(API, Credentials(), lambda: NOW, client)
        reader = ApiReader(reading)
        try:
            seen = await reader.work_pool(WorkPoolKey(API, "spcs"))
        except PrefectError as error:
            fits(error)
        else:
            is_clean(seen)
        finally:
            await reader.close()

    asyncio.run(look(), debug=False)
    assert asked


def prefect_rows(data: bytes) -> None:
    """JSON of the lists that are read."""
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return
    try:
        for row in rows.as_rows(answer):
            is_clean(rows.worker(row))
            is_clean(rows.work_queue(row, None))
            is_clean(rows.flow_run(row, {}))
            is_clean(rows.worker_version(row))
            is_clean(rows.work_pool_of(row))
    except PrefectError as error:
        fits(error)
    with suppress(PrefectError):
        assert rows.as_count(answer) >= 0


def started_events(data: bytes) -> None:
    """Pages of events, a byte 1 between them."""
    pages = data.split(b"\x01")[:4]
    asked = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(200, content=pages[min(asked, len(pages)) - 1])

    async def read() -> None:
        client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        asking = PrefectHttp(API, Credentials(), lambda: NOW, client)
        try:
            found = await StartedEvents(asking).starts(NOW)
        except PrefectError as error:
            fits(error)
        else:
            is_clean(found)
        finally:
            await asking.close()

    asyncio.run(read())
    assert asked <= 30


def retry_after(data: bytes) -> None:
    """`Retry-After` and `Date`."""
    told, _, date = data.partition(b"\n")
    headers = httpx.Headers([(b"Retry-After", told), (b"Date", date)])
    reply = http._Reply(429, "", headers, b"", timedelta())
    assert 1 <= http._retry_after(reply, NOW) <= 600
    http._skew(headers, NOW)


def prefect_addresses(data: bytes) -> None:
    """Addresses that a specification names, or somebody types."""
    url = decoded(data)
    is_clean(without_credentials("".join(filter(str.isprintable, url))))
    with suppress(httpx.InvalidURL):
        http._address_of(url)
    try:
        is_clean(checked_api_url(url))
    except ConfigurationError as error:
        fits(error)


def profiles_toml(data: bytes) -> None:
    """Prefect's `profiles.toml`."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "profiles.toml"
        path.write_bytes(data)
        finder = CredentialFinder({}, path)
        for credentials in (finder.find(API), *_found(finder)):
            headers = credentials.headers()
            assert all(isinstance(value, str) for value in headers.values())
            httpx.Headers(headers)
            is_clean([credentials.problem, credentials.source])
        active = finder.active()
        is_clean([active.api_url, active.source] if active else [])


def _found(finder: CredentialFinder) -> Iterable[Credentials]:
    for need in finder.known():
        is_clean([need.name.words, need.source])
        yield finder.find(need.name.owner)


TARGETS: tuple[Callable[[bytes], None], ...] = (
    prefect_answers,
    prefect_rows,
    started_events,
    retry_after,
    prefect_addresses,
    profiles_toml,
)
