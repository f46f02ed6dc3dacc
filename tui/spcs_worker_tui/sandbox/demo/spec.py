"""Service specifications of the demo's services, as somebody would have written them."""

from __future__ import annotations

from collections.abc import Mapping

HEARTBEAT_SECONDS = 5
QUERY_SECONDS = 3
"""Shorter than Prefect's 30 and 10, so that there is something to see."""


def worker_environment(
    work_pool: str, api_url: str | None, *, limit: int | None = None
) -> dict[str, str]:
    """The variables of a worker container; without `api_url` that one is forgotten."""
    environment = {
        "PREFECT_API_URL": api_url or "",
        "PREFECT_WORK_POOL": work_pool,
        "PREFECT_WORKER_LIMIT": "" if limit is None else str(limit),
        "PREFECT_WORKER_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS),
        "PREFECT_WORKER_QUERY_SECONDS": str(QUERY_SECONDS),
    }
    return {name: value for name, value in environment.items() if value}


def worker_spec(
    image: str, environment: Mapping[str, str], *, secret: str | None = None, cpu: str = "0.5"
) -> str:
    """One worker container with its readiness probe, and the API key from a secret."""
    lines = [
        "spec:",
        "  containers:",
        "  - name: worker",
        f"    image: {image}",
        "    env:",
        *(f'      {name}: "{value}"' for name, value in environment.items()),
        *(_secret(secret) if secret is not None else ()),
        "    readinessProbe:",
        "      port: 8080",
        "      path: /health",
        "    resources:",
        "      requests:",
        f"        cpu: {cpu}",
        "        memory: 1Gi",
        "      limits:",
        "        memory: 2Gi",
    ]
    return "\n".join(lines)


def service_spec(image: str, port: int) -> str:
    """A service that answers HTTP on one private endpoint."""
    return "\n".join(
        [
            "spec:",
            "  containers:",
            "  - name: api",
            f"    image: {image}",
            "    env:",
            f'      PORT: "{port}"',
            "  endpoints:",
            "  - name: api",
            f"    port: {port}",
        ]
    )


def _secret(name: str) -> tuple[str, ...]:
    return (
        "    secrets:",
        "    - snowflakeSecret:",
        f"        objectName: {name}",
        "      secretKeyRef: secret_string",
        "      envVarName: PREFECT_API_KEY",
    )
