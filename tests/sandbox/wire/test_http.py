"""The wire below the connector: bodies, headers, and what is refused before any statement."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from spcs_worker_tui.sandbox.clock import ManualClock
from spcs_worker_tui.sandbox.server import SandboxServer, SandboxSettings
from support.catalogue import add_service, new_lab
from support.sandbox import RunningSandbox, running_sandbox
from support.slow import SlowExecutor

LOGIN = {"ACCOUNT_NAME": "ACME-MAIN_SITE", "LOGIN_NAME": "operator", "PASSWORD": "swordfish"}


class Client:
    """Speaks the protocol by hand."""

    def __init__(self, sandbox: RunningSandbox, http: httpx.AsyncClient) -> None:
        self.sandbox = sandbox
        self.http = http
        self.token = ""
        self.master = ""

    async def post(
        self, path: str, body: Any = None, *, token: str | None = None, packed: bool = False
    ) -> dict[str, Any]:
        content = json.dumps(body if body is not None else {}).encode()
        headers = {"Authorization": f'Snowflake Token="{token or self.token or None}"'}
        if packed:
            content = gzip.compress(content)
            headers["Content-Encoding"] = "gzip"
        answer = await self.http.post(path, content=content, headers=headers)
        assert answer.status_code == 200
        return dict(answer.json())

    async def login(self, query: str = "", **changes: Any) -> dict[str, Any]:
        answer = await self.post(f"/session/v1/login-request?{query}", {"data": LOGIN | changes})
        if answer["success"]:
            self.token = answer["data"]["token"]
            self.master = answer["data"]["masterToken"]
        return answer

    async def query(self, text: str, request_id: str = "", **more: Any) -> dict[str, Any]:
        path = f"/queries/v1/query-request?requestId={request_id}"
        return await self.post(path, {"sqlText": text, **more})

    async def get(self, path: str) -> dict[str, Any]:
        headers = {"Authorization": f'Snowflake Token="{self.token}"'}
        return dict((await self.http.get(path, headers=headers)).json())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def client(clock: ManualClock) -> AsyncIterator[Client]:
    lab = new_lab()
    add_service(lab)
    settings = SandboxSettings(hold_seconds=0.05, body_limit=20_000, upload_limit=1000)
    async with (
        running_sandbox(
            lab, clock=clock, settings=settings, executor=lambda lab: SlowExecutor(lab.executor)
        ) as sandbox,
        httpx.AsyncClient(base_url=sandbox.server.url) as http,
    ):
        yield Client(sandbox, http)


def slow(client: Client) -> SlowExecutor:
    executor = client.sandbox.server.wire.tenants[0].executor
    assert isinstance(executor, SlowExecutor)
    return executor


async def test_a_login_answers_all_that_both_connectors_need(client: Client) -> None:
    data = (await client.login("roleName=deployer&databaseName=d"))["data"]
    assert isinstance(data["sessionId"], int)
    assert (data["validityInSeconds"], data["masterValidityInSeconds"]) == (3600, 14400)
    assert data["sessionInfo"] == {
        "databaseName": "D",
        "schemaName": None,
        "warehouseName": None,
        "roleName": "DEPLOYER",
    }
    names = {parameter["name"] for parameter in data["parameters"]}
    assert {
        "TIMEZONE",
        "TIMESTAMP_OUTPUT_FORMAT",
        "CLIENT_SESSION_KEEP_ALIVE",
        "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT",
    } <= names


async def test_packed_bodies_are_understood(client: Client) -> None:
    await client.login()
    path = "/queries/v1/query-request?requestId=1"
    answer = await client.post(path, {"sqlText": "SELECT 1"}, packed=True)
    assert answer["data"]["rowset"] == [["1"]]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"{", ""),
        (b"[]", ""),
        (b"\xff\xfe", ""),
        (b"[" * 5000, ""),
        (b"no gzip", "gzip"),
        pytest.param(gzip.compress(b"{}")[:-4], "gzip", id="gzip cut short"),
    ],
)
async def test_a_malformed_body_is_refused(client: Client, content: bytes, encoding: str) -> None:
    answer = await client.http.post(
        "/session/v1/login-request", content=content, headers={"Content-Encoding": encoding}
    )
    assert answer.status_code == 200
    assert answer.json()["code"] == "390142"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        pytest.param(b" " * 20_001, "", id="long"),
        pytest.param(gzip.compress(b" " * 10_000_000), "gzip", id="long once unpacked"),
    ],
)
async def test_a_body_beyond_the_limit_is_refused(
    client: Client, content: bytes, encoding: str
) -> None:
    answer = await client.http.post(
        "/session/v1/login-request", content=content, headers={"Content-Encoding": encoding}
    )
    assert answer.status_code == 413


async def test_a_statement_needs_a_session(client: Client) -> None:
    assert (await client.query("SELECT 1"))["code"] == "390101"
    client.token = "made up"
    assert (await client.query("SELECT 1"))["code"] == "390104"
    await client.login()
    assert (await client.post("/session?delete=true"))["success"]
    assert (await client.query("SELECT 1"))["code"] == "390111"


async def test_tokens_are_renewed_and_issued(client: Client, clock: ManualClock) -> None:
    await client.login()
    first = client.token
    body = {"oldSessionToken": first, "requestType": "ISSUE"}
    issued = await client.post("/session/token-request", body, token=client.master)
    assert issued["data"]["validityInSecondsST"] == 3600
    assert (await client.query("SELECT 1"))["success"], "an issued token replaces none"
    await clock.advance(3600)
    assert (await client.query("SELECT 1"))["code"] == "390112"
    body["requestType"] = "RENEW"
    renewed = await client.post("/session/token-request", body, token=client.master)
    client.token = renewed["data"]["sessionToken"]
    assert (await client.query("SELECT 1"))["success"]
    await clock.advance(14400)
    late = await client.post("/session/token-request", body, token=client.master)
    assert (late["code"], late["data"]) == ("390114", None)
    unknown = await client.post("/session/token-request", body, token="made up")
    assert unknown["code"] == "390113"


async def test_a_heartbeat_needs_a_live_session(client: Client, clock: ManualClock) -> None:
    await client.login()
    assert (await client.post("/session/heartbeat?requestId=1"))["success"]
    await clock.advance(3600)
    assert (await client.post("/session/heartbeat?requestId=1"))["code"] == "390112"


async def test_a_request_that_is_sent_again_runs_its_statement_once(client: Client) -> None:
    await client.login()
    first = await client.query("CALL TEST$WAIT()", "same")
    again = await client.query("CALL TEST$WAIT()", "same")
    assert first["code"] == again["code"] == "333333"
    assert first["data"]["queryId"] == again["data"]["queryId"]
    slow(client).release.set()
    answer = await client.get(first["data"]["getResultUrl"])
    assert answer["data"]["rowset"] == [["waited"]]
    assert slow(client).runs == 1


async def test_the_state_of_a_statement_with_one_slash_or_two(client: Client) -> None:
    await client.login()
    started = await client.query("CALL TEST$WAIT()", "r", asyncExec=True)
    assert started["code"] == "333334"
    query_id = started["data"]["queryId"]
    for path in (f"/monitoring/queries/{query_id}", f"/monitoring/queries//{query_id}"):
        (entry,) = (await client.get(path))["data"]["queries"]
        assert entry["status"] == "RUNNING"
    body = {"sqlText": "CALL TEST$WAIT()", "requestId": "r"}
    assert (await client.post("/queries/v1/abort-request", body))["success"]
    assert (await client.get(f"/queries/{query_id}/result"))["code"] == "000604"
    (entry,) = (await client.get(f"/monitoring/queries/{query_id}"))["data"]["queries"]
    assert (entry["status"], entry["errorCode"]) == ("ABORTED", "000604")
    assert (await client.post("/queries/v1/abort-request", body))["code"] == "000605"


async def test_another_user_s_results_are_not_shown(client: Client) -> None:
    await client.login()
    query_id = (await client.query("SELECT 'mine'"))["data"]["queryId"]
    account = client.sandbox.lab.account
    account.users["OTHER"] = type(account.users["OPERATOR"])("OTHER", "PUBLIC", password="pw")
    await client.login(LOGIN_NAME="other", PASSWORD="pw")
    assert (await client.get(f"/queries/{query_id}/result"))["code"] == "000709"
    assert (await client.get(f"/monitoring/queries/{query_id}"))["data"]["queries"] == []


async def test_only_so_many_results_are_kept(client: Client) -> None:
    await client.login()
    first = (await client.query("SELECT 1"))["data"]["queryId"]
    kept = client.sandbox.server.settings.results_kept
    for _ in range(kept):
        last = (await client.query("SELECT 1"))["data"]["queryId"]
    assert (await client.get(f"/queries/{first}/result"))["code"] == "000709"
    assert (await client.get(f"/queries/{last}/result"))["success"]


async def test_telemetry_and_the_unknown_are_answered(client: Client) -> None:
    assert await client.post("/telemetry/send", {"logs": []}) == {
        "data": None,
        "code": None,
        "message": None,
        "success": True,
    }
    assert (await client.get("/api/v2/whatever"))["success"]


async def test_what_the_sandbox_cannot_do_is_said(client: Client) -> None:
    await client.login()
    described = await client.query("SELECT 1", describeOnly=True)
    assert (described["code"], described["data"]["sqlState"]) == ("000002", "0A000")
    bound = {"1": {"type": "TEXT", "value": ["a", "b"]}}
    assert (await client.query("SELECT ?", bindings=bound))["code"] == "000002"
    wrong = {"1": {"type": "FIXED", "value": "x"}}
    assert (await client.query("SELECT ?", bindings=wrong))["code"] == "100038"
    assert (await client.query("SELECT ?"))["code"] == "002049"
    assert (await client.login(AUTHENTICATOR="EXTERNALBROWSER"))["code"] == "390187"


async def test_the_journal_is_for_who_has_the_control_token(client: Client) -> None:
    await client.login(CLIENT_APP_ID="Tester", CLIENT_APP_VERSION="1")
    await client.query("SELECT 1")
    await client.query("FOO")
    assert (await client.http.get("/sandbox/journal")).status_code == 403
    token = client.sandbox.server.settings.control_token
    assert token not in repr(client.sandbox.server.settings)
    headers = {"Authorization": f"Bearer {token}"}
    found = (await client.http.get("/sandbox/journal", headers=headers)).json()
    assert [(entry["text"], entry["code"], entry["client"]) for entry in found] == [
        ("SELECT 1", "", "Tester 1"),
        ("FOO", "001003", "Tester 1"),
    ]
    params = {"account": "elsewhere"}
    assert (await client.http.get("/sandbox/journal", headers=headers, params=params)).json() == []
    await client.http.delete("/sandbox/journal", headers=headers)
    assert client.sandbox.journal == []


async def test_an_upload_needs_a_ticket(client: Client) -> None:
    answer = await client.http.put("/sandbox/upload/made-up/file.yml", content=b"x")
    assert answer.status_code == 403
    answer = await client.http.put("/sandbox/upload/made-up/file.yml", content=b"x" * 1001)
    assert answer.status_code == 413


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.org"])
async def test_it_listens_on_loopback_only_unless_told_otherwise(host: str) -> None:
    with pytest.raises(ValueError, match="loopback only"):
        await SandboxServer([], settings=SandboxSettings(host=host)).start()


async def test_a_taken_port_is_an_error_and_a_stopped_server_frees_it() -> None:
    first = SandboxServer([])
    await first.start()
    second = SandboxServer([], settings=SandboxSettings(port=first.port))
    with pytest.raises(OSError, match="in use"):
        await second.start()
    await first.stop()
    await second.start()
    await second.stop()
