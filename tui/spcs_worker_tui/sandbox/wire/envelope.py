"""Bodies and answers: JSON, perhaps packed, always HTTP 200 (contract 6.2)."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from starlette.requests import Request

    from spcs_worker_tui.sandbox.results import SqlError

JsonObject = dict[str, Any]


class WireError(Exception):
    """A request was refused before any statement ran: login, session or envelope."""

    def __init__(self, code: str, message: str, *, data: JsonObject | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


def success(data: Any = None) -> Response:
    """The envelope of an answer that is no error."""
    return progress(None, None, data)


def progress(code: str | None, message: str | None, data: Any) -> Response:
    """Success with a code: 333333 and 333334 (contract 6.7)."""
    return JSONResponse({"data": data, "code": code, "message": message, "success": True})


def refusal(error: WireError) -> Response:
    """The envelope of a refused login or session."""
    return JSONResponse(
        {"data": error.data, "code": error.code, "message": error.message, "success": False}
    )


def statement_failure(error: SqlError, query_id: str) -> Response:
    """The envelope of a failed statement (contract 6.6)."""
    data = {
        "internalError": False,
        "errorCode": error.code,
        "sqlState": error.sqlstate,
        "queryId": query_id,
        "line": error.line,
        "pos": error.pos,
        "type": "COMPILATION" if error.message.startswith("SQL compilation") else "",
        "age": 0,
    }
    return JSONResponse(
        {"data": data, "code": error.code, "message": error.message, "success": False}
    )


async def read_bytes(request: Request, limit: int) -> bytes:
    """The body as it came, refusing one above `limit` bytes before it fills the memory.

    Raises:
        HTTPException: 413.
    """
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise HTTPException(413)
        parts.append(part)
    return b"".join(parts)


async def read_json(request: Request, limit: int) -> JsonObject:
    """The body as a JSON object; an empty body is an empty object.

    Raises:
        WireError: 390142, the body is no JSON object (contract 1.14).
        HTTPException: 413, it is larger than `limit` bytes.
    """
    raw = await read_bytes(request, limit)
    if request.headers.get("content-encoding", "").lower() == "gzip":
        raw = _unpack(raw, limit)
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise _malformed() from None
    if not isinstance(body, dict):
        raise _malformed()
    return body


def _unpack(raw: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(raw, limit + 1)
    except zlib.error:
        raise _malformed() from None
    if len(text) > limit:
        raise HTTPException(413)
    if not unpacker.eof:
        raise _malformed()
    return text


def _malformed() -> WireError:
    return WireError("390142", "Incoming request does not contain a valid payload.")
