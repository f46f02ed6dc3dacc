"""The session parameters that clients are told of (contract 6.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.session import SessionContext
    from spcs_worker_tui.sandbox.wire.envelope import JsonObject

_DEFAULTS: dict[str, str | bool | int] = {
    "TIMEZONE": "America/Los_Angeles",
    "TIMESTAMP_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT": "",
    "TIMESTAMP_TZ_OUTPUT_FORMAT": "",
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "TIME_OUTPUT_FORMAT": "HH24:MI:SS",
    "CLIENT_SESSION_KEEP_ALIVE": False,
    "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY": 3600,
    "CLIENT_TELEMETRY_ENABLED": False,
    "CLIENT_PREFETCH_THREADS": 4,
    "CLIENT_RESULT_CHUNK_SIZE": 160,
    "AUTOCOMMIT": True,
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "JSON",
    "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": 65280,
}


def session_parameters(context: SessionContext) -> list[JsonObject]:
    """`[{name, value}]`: what the session set, else the account, else Snowflake's default."""
    return [
        {"name": name, "value": _value(context, name, default)}
        for name, default in _DEFAULTS.items()
    ]


def _value(context: SessionContext, name: str, default: str | bool | int) -> str | bool | int:
    text = context.parameters.get(name, context.account.parameters.get(name))
    if text is None or name == "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT":
        return default
    if isinstance(default, bool):
        return text.lower() == "true"
    if isinstance(default, int):
        return int(text) if text.isdigit() else default
    return text
