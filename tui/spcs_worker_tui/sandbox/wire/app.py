"""The HTTP face: the endpoints that the connectors call (contract 6.2)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from spcs_worker_tui.sandbox.wire.envelope import (
    WireError,
    progress,
    read_bytes,
    read_json,
    refusal,
    statement_failure,
    success,
)
from spcs_worker_tui.sandbox.wire.journal import Journal
from spcs_worker_tui.sandbox.wire.login import Login
from spcs_worker_tui.sandbox.wire.parameters import session_parameters
from spcs_worker_tui.sandbox.wire.query import QueryRunner
from spcs_worker_tui.sandbox.wire.service_tokens import ServiceTokens
from spcs_worker_tui.sandbox.wire.sessions import Session, SessionStore
from spcs_worker_tui.sandbox.wire.statements import RunningStatement, StatementRegistry
from spcs_worker_tui.sandbox.wire.uploads import Uploads

if TYPE_CHECKING:
    from starlette.requests import Request

    from spcs_worker_tui.sandbox.clock import Clock
    from spcs_worker_tui.sandbox.wire.settings import SandboxSettings
    from spcs_worker_tui.sandbox.wire.tenants import Tenant

SERVER_VERSION = "9.36.1"
_TOKEN = re.compile(r'Snowflake\s+Token="([^"]*)"', re.IGNORECASE)
_NOT_EXECUTING = "Identified SQL statement is not currently executing."


@dataclass(slots=True)
class Wire:
    """Everything behind the endpoints, for whoever runs the server in the same process."""

    tenants: Sequence[Tenant]
    clock: Clock
    settings: SandboxSettings
    journal: Journal
    sessions: SessionStore
    statements: StatementRegistry
    service_tokens: ServiceTokens
    uploads: Uploads
    login: Login
    runner: QueryRunner


def build_wire(tenants: Sequence[Tenant], clock: Clock, settings: SandboxSettings) -> Wire:
    """Put the parts together."""
    journal = Journal(settings.journal_limit)
    statements = StatementRegistry(clock, settings, journal)
    uploads = Uploads(clock, settings)
    service_tokens = ServiceTokens(clock)
    return Wire(
        tenants=tenants,
        clock=clock,
        settings=settings,
        journal=journal,
        sessions=SessionStore(clock, settings),
        statements=statements,
        service_tokens=service_tokens,
        uploads=uploads,
        login=Login(tenants, clock, service_tokens),
        runner=QueryRunner(statements, uploads),
    )


def build_app(wire: Wire, routes: Sequence[BaseRoute] = ()) -> Starlette:
    """The application.

    Args:
        wire: The parts behind it.
        routes: More endpoints, asked before the catch-all; `guard` protects those under `/sandbox`.
    """
    endpoints = _Endpoints(wire)
    own = [
        Route("/session/v1/login-request", endpoints.login, methods=["POST"]),
        Route("/session/authenticator-request", endpoints.authenticator, methods=["POST"]),
        Route("/session/token-request", endpoints.token, methods=["POST"]),
        Route("/session/heartbeat", endpoints.heartbeat, methods=["POST"]),
        Route("/session/heartbeat/v1", endpoints.heartbeat, methods=["POST"]),
        Route("/session", endpoints.close, methods=["POST"]),
        Route("/queries/v1/query-request", endpoints.query, methods=["POST"]),
        Route("/queries/v1/abort-request", endpoints.abort, methods=["POST"]),
        Route("/queries/{query_id}/abort-request", endpoints.abort_query, methods=["POST"]),
        Route("/queries/{query_id}/result", endpoints.result, methods=["GET"]),
        # Connector 5 doubles the slash.
        Route("/monitoring/queries/{query_id}", endpoints.monitoring, methods=["GET"]),
        Route("/monitoring/queries//{query_id}", endpoints.monitoring, methods=["GET"]),
        Route("/sandbox/upload/{key}/{path:path}", endpoints.upload, methods=["PUT", "GET"]),
        Route("/sandbox/journal", endpoints.journal, methods=["GET", "DELETE"]),
    ]
    rest = Route("/{path:path}", endpoints.anything, methods=["GET", "POST", "PUT"])
    return Starlette(
        routes=[*own, *routes, rest],
        exception_handlers={WireError: _refused},
    )


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, WireError):
        raise error
    return refusal(error)


def guard(
    settings: SandboxSettings, endpoint: Callable[[Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    """Let an endpoint answer only who sends the control token: `Authorization: Bearer …`."""

    async def guarded(request: Request) -> Response:
        expected = f"Bearer {settings.control_token}".encode()
        given = request.headers.get("authorization", "").encode(errors="replace")
        if not hmac.compare_digest(expected, given):
            raise HTTPException(403)
        return await endpoint(request)

    return guarded


class _Endpoints:
    """One method for each endpoint."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._limit = wire.settings.body_limit
        self.journal = guard(wire.settings, self._journal)

    async def login(self, request: Request) -> Response:
        wire = self._wire
        body = await read_json(request, self._limit)
        data = body.get("data")
        if not isinstance(data, dict):
            raise WireError("390142", "Incoming request does not contain a valid payload.")
        number = wire.sessions.next_id()
        tenant, context = await wire.login.check(data, request.query_params, number)
        _, token, master = wire.sessions.open(tenant, context)
        return success(
            {
                "token": token,
                "masterToken": master,
                "sessionId": number,
                "validityInSeconds": int(wire.settings.session_token_seconds),
                "masterValidityInSeconds": int(wire.settings.master_token_seconds),
                "displayUserName": context.user,
                "serverVersion": SERVER_VERSION,
                "firstLogin": False,
                "remMeToken": None,
                "remMeValidityInSeconds": 0,
                "healthCheckInterval": 45,
                "newClientForUpgrade": None,
                "parameters": session_parameters(context),
                "sessionInfo": {
                    "databaseName": context.database,
                    "schemaName": context.schema,
                    "warehouseName": context.warehouse,
                    "roleName": context.role,
                },
                "idToken": None,
                "idTokenValidityInSeconds": 0,
                "responseData": None,
                "mfaToken": None,
                "mfaTokenValidityInSeconds": 0,
            }
        )

    async def authenticator(self, request: Request) -> Response:
        await read_json(request, self._limit)
        raise WireError("390190", "There is no identity provider behind the sandbox.")

    async def token(self, request: Request) -> Response:
        wire = self._wire
        body = await read_json(request, self._limit)
        session = wire.sessions.by_master_token(token_in(request.headers.get("authorization", "")))
        kind = str(body.get("requestType", "")).upper()
        if kind == "ISSUE":
            token = wire.sessions.issue(session)
        elif kind == "RENEW":
            token = wire.sessions.renew(session, str(body.get("oldSessionToken", "")))
        else:
            raise WireError("390142", "Incoming request does not contain a valid payload.")
        return success(
            {
                "sessionToken": token,
                "validityInSecondsST": int(wire.settings.session_token_seconds),
                "masterToken": wire.sessions.issue_master(session),
                "validityInSecondsMT": int(wire.settings.master_token_seconds),
                "sessionId": session.context.session_id,
            }
        )

    async def heartbeat(self, request: Request) -> Response:
        self._session(request)
        return success()

    async def close(self, request: Request) -> Response:
        session = self._session(request)
        if request.query_params.get("delete", "").lower() == "true":
            self._wire.sessions.close(session)
            self._wire.statements.forget_session(session)
        return success()

    async def query(self, request: Request) -> Response:
        wire = self._wire
        session = self._session(request)
        body = await read_json(request, self._limit)
        text = body.get("sqlText")
        if not isinstance(text, str):
            raise WireError("390142", "Incoming request does not contain a valid payload.")
        request_id = request.query_params.get("requestId", "")
        work = wire.runner.work(body, str(request.base_url).rstrip("/"))
        running = wire.statements.start(session, text, request_id, work)
        if body.get("asyncExec"):
            return _in_progress(running, "333334", "Query execution in progress.")
        return await self._answer(running)

    async def result(self, request: Request) -> Response:
        running = self._find(request)
        return await self._answer(running)

    async def monitoring(self, request: Request) -> Response:
        session = self._session(request)
        running = self._wire.statements.find(session, request.path_params["query_id"])
        if running is None:
            return success({"queries": []})
        error = running.error
        return success(
            {
                "queries": [
                    {
                        "id": running.query_id,
                        "status": running.status,
                        "state": running.status,
                        "errorCode": error.code if error else "",
                        "errorMessage": error.message if error else None,
                        "sqlText": running.text,
                        "startTime": int(running.started_at.timestamp() * 1000),
                    }
                ]
            }
        )

    async def abort(self, request: Request) -> Response:
        session = self._session(request)
        body = await read_json(request, self._limit)
        wanted = str(body.get("requestId") or request.query_params.get("requestId", ""))
        return self._cancel(self._wire.statements.find_request(session, wanted))

    async def abort_query(self, request: Request) -> Response:
        session = self._session(request)
        return self._cancel(self._wire.statements.find(session, request.path_params["query_id"]))

    async def upload(self, request: Request) -> Response:
        if request.method != "PUT":
            # The address is signed for PUT, so asking whether the file exists is forbidden.
            raise HTTPException(403)
        content = await read_bytes(request, self._wire.settings.upload_limit)
        must_be_new = request.headers.get("x-goog-if-generation-match") == "0"
        self._wire.uploads.receive(request.path_params["key"], content, must_be_new=must_be_new)
        return Response(status_code=200)

    async def anything(self, request: Request) -> Response:
        """Telemetry and whatever else a client tries: success without data (contract 6.2)."""
        await read_bytes(request, self._limit)
        return success()

    async def _journal(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._wire.journal.clear()
            return JSONResponse([])
        account = request.query_params.get("account")
        entries = self._wire.journal.entries(account=account)
        return JSONResponse([entry.as_json() for entry in entries])

    def _session(self, request: Request) -> Session:
        return self._wire.sessions.by_token(token_in(request.headers.get("authorization", "")))

    def _find(self, request: Request) -> RunningStatement:
        session = self._session(request)
        running = self._wire.statements.find(session, request.path_params["query_id"])
        if running is None:
            raise WireError("000709", f"Statement {request.path_params['query_id']} not found")
        return running

    async def _answer(self, running: RunningStatement) -> Response:
        if not await self._wire.statements.wait(running):
            return _in_progress(running, "333333", "Query execution in progress.")
        if running.error is not None:
            return statement_failure(running.error, running.query_id)
        return success(running.data)

    def _cancel(self, running: RunningStatement | None) -> Response:
        if running is None or not self._wire.statements.cancel(running):
            raise WireError("000605", _NOT_EXECUTING, data={"sqlState": "02000"})
        return success()


def token_in(header: str) -> str | None:
    """The token of an Authorization header, or None without one."""
    match = _TOKEN.fullmatch(header.strip())
    return match.group(1) if match and match.group(1) != "None" else None


def _in_progress(running: RunningStatement, code: str, message: str) -> Response:
    data = {
        "queryId": running.query_id,
        "getResultUrl": f"/queries/{running.query_id}/result",
        "queryAbortsAfterSecs": 300,
        "progressDesc": None,
    }
    return progress(code, message, data)
