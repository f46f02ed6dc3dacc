"""The worker's name: the same words under which Snowflake knows the container.

Heartbeats and containers join by it exactly, and a restarted container keeps its row.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping

_NOT_ALLOWED = re.compile(r"[^a-z0-9_-]")
_ORDINAL = re.compile(r"-(\d+)$")


def own_address() -> str | None:
    """The address this container answers on; None when it has no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing: it only picks the outgoing interface.
            probe.connect(("10.255.255.255", 1))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def worker_name(
    environ: Mapping[str, str],
    hostname: str,
    address: Callable[[], str | None] = own_address,
) -> str:
    """The name this worker registers under in Prefect.

    In SPCS `<database>.<schema>.<service>.<instance>` in lower case, where every other character
    than a-z, 0-9, `_` and `-` became `-`. The instance is the number at the end of the host
    name (`statefulset-3` is 3), else the container's address (`ip-10-244-0-9`). Elsewhere it is the
    host's name.

    Args:
        environ: For SNOWFLAKE_DATABASE, _SCHEMA and _SERVICE_NAME (contract 4).
        hostname: The container's host name.
        address: Asked only when the host name has no number.
    """
    parts = [
        environ.get(name, "").strip()
        for name in ("SNOWFLAKE_DATABASE", "SNOWFLAKE_SCHEMA", "SNOWFLAKE_SERVICE_NAME")
    ]
    if not all(parts):
        return _cleaned(hostname) or "worker"
    return ".".join([*(_cleaned(part) for part in parts), _instance(hostname, address)])


def _cleaned(text: str) -> str:
    return _NOT_ALLOWED.sub("-", text.lower())


def _instance(hostname: str, address: Callable[[], str | None]) -> str:
    if match := _ORDINAL.search(hostname):
        return str(int(match[1]))
    if found := address():
        return "ip-" + _cleaned(found)
    return _cleaned(hostname) or "unknown"
