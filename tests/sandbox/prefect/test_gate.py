from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from spcs_worker_tui.sandbox.prefect.gate import Fault, Gate


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An upstream that says what it was asked, then passes bytes back as they come."""
    head = await reader.readuntil(b"\r\n\r\n")
    line = head.split(b"\r\n", 1)[0]
    if b"/stream" in line:
        writer.write(b"ready")
        while chunk := await reader.read(100):
            writer.write(chunk.upper())
            await writer.drain()
    else:
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(line)
        writer.write(answer + line)
        await writer.drain()
    writer.close()


@pytest_asyncio.fixture
async def gate() -> AsyncIterator[Gate]:
    made = Gate()
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[int]:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def get(gate: Gate, patience: float = 10) -> httpx.Response:
    async with httpx.AsyncClient(timeout=patience) as http:
        return await http.post(f"{gate.api_url}/work_pools/filter", json={"limit": 200})


async def test_says_that_prefect_is_starting_until_it_is_led_somewhere(gate: Gate, upstream: int):
    answer = await get(gate)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.json() == {"message": "Prefect server is starting"}
    gate.lead_to(upstream)
    answer = await get(gate)
    assert answer.text == "POST /api/work_pools/filter HTTP/1.1"


async def test_an_upstream_that_is_gone_is_starting_again(gate: Gate, unused_tcp_port: int):
    gate.lead_to(unused_tcp_port)
    assert (await get(gate)).status_code == 503


async def test_bytes_pass_both_ways_for_as_long_as_both_want(gate: Gate, upstream: int):
    gate.lead_to(upstream)
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
    writer.write(b"GET /stream HTTP/1.1\r\n\r\n")
    assert await reader.readexactly(5) == b"ready"
    for word in (b"one", b"two"):
        writer.write(word)
        assert await reader.readexactly(3) == word.upper()
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        (Fault.UNAUTHORIZED, 401, "Unauthorized"),
        (Fault.RATE_LIMITED, 429, "Too Many Requests"),
        (Fault.HTML, 200, "<!DOCTYPE html>"),
    ],
)
async def test_faults_that_answer(gate: Gate, upstream: int, fault: Fault, status: int, words: str):
    gate.lead_to(upstream)
    await gate.set_fault(fault, retry_after=7)
    answer = await get(gate)
    assert answer.status_code == status
    assert words in answer.text
    assert answer.headers.get("Retry-After") == ("7" if fault is Fault.RATE_LIMITED else None)
    await gate.set_fault(None)
    assert (await get(gate)).status_code == 200


async def test_refused_connections_come_back_on_the_same_port(gate: Gate, upstream: int):
    gate.lead_to(upstream)
    port = gate.port
    await gate.set_fault(Fault.REFUSE)
    with pytest.raises(httpx.ConnectError):
        await get(gate)
    await gate.set_fault(None)
    assert gate.port == port
    assert (await get(gate)).status_code == 200


async def test_hanging_and_slow(gate: Gate, upstream: int):
    gate.lead_to(upstream)
    await gate.set_fault(Fault.HANG)
    with pytest.raises(httpx.ReadTimeout):
        await get(gate, patience=0.3)
    await gate.set_fault(Fault.SLOW, delay_seconds=0.5)
    with pytest.raises(httpx.ReadTimeout):
        await get(gate, patience=0.2)
    assert (await get(gate)).status_code == 200


async def test_a_fault_cuts_the_connections_that_exist(gate: Gate, upstream: int):
    gate.lead_to(upstream)
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
    writer.write(b"GET /stream HTTP/1.1\r\n\r\n")
    assert await reader.readexactly(5) == b"ready"
    await gate.set_fault(Fault.UNAUTHORIZED)
    assert await reader.read() == b""
    writer.close()


async def test_a_client_that_talks_no_http_harms_nobody(gate: Gate):
    for said in (b"\r\n" * 3, b"x" * 200_000, b""):
        _, writer = await asyncio.open_connection("127.0.0.1", gate.port)
        writer.write(said)
        writer.close()
    assert (await get(gate)).status_code == 503
