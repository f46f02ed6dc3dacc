"""The control endpoint of faults: `/sandbox/faults`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from spcs_worker_tui.sandbox.faults.containers import ContainerFaults, Harm
from spcs_worker_tui.sandbox.faults.model import FaultError, fault_of
from spcs_worker_tui.sandbox.faults.words import FOREMAN
from spcs_worker_tui.sandbox.prefect.gate import Fault, Gate
from spcs_worker_tui.sandbox.wire.envelope import read_bytes

if TYPE_CHECKING:
    from starlette.requests import Request

    from spcs_worker_tui.sandbox.faults.bench import FaultBench

_LARGEST = 65536
_REFUSED = 422
_FOREMAN_ENABLED = "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED"

Restart = Callable[[Mapping[str, str]], Awaitable[None]]
"""Starts Prefect's server anew with these settings."""


class FaultControl:
    """Sets, lists and clears faults of every kind.

    Args:
        bench: Of the Snowflake side; None before its server is made.
        gate: In front of Prefect.
        containers: Of the services.
        restart_prefect: Starts Prefect's server anew.
    """

    def __init__(
        self,
        bench: Callable[[], FaultBench],
        gate: Gate,
        containers: ContainerFaults,
        restart_prefect: Restart,
    ) -> None:
        self._bench = bench
        self._gate = gate
        self._containers = containers
        self._restart_prefect = restart_prefect
        self._foreman_stopped = False

    def route(self, guarded: Callable[[Callable[[Request], Awaitable[Response]]], Any]) -> Route:
        """The endpoint, for whoever sends the control token."""
        return Route("/sandbox/faults", guarded(self._answer), methods=["GET", "POST", "DELETE"])

    async def set(self, said: Mapping[str, Any]) -> None:
        """Set a fault.

        Args:
            said: `at`: `snowflake` with the fields of `Fault`; `prefect` with `kind`, `seconds`,
                `retry_after`, `workers_only`, `path`; `worker` with `kind`, `connection`,
                `service`.

        Raises:
            FaultError: It makes no sense.
        """
        fields = {name: value for name, value in said.items() if name != "at"}
        match said.get("at"):
            case "snowflake":
                self._bench().set(fault_of(fields))
            case "prefect":
                await self._set_prefect(fields)
            case "worker":
                self._set_worker(fields)
            case _:
                raise FaultError("at is one of snowflake, prefect, worker")

    async def clear(self) -> None:
        """End all faults."""
        self._bench().clear()
        self._containers.clear()
        if self._gate.fault is not None:
            await self._gate.set_fault(None)
        if self._foreman_stopped:
            self._foreman_stopped = False
            await self._restart_prefect({_FOREMAN_ENABLED: "true"})

    def all(self) -> list[dict[str, Any]]:
        """Every fault that is on."""
        found = [{"at": "snowflake", **one.as_json()} for one in self._bench().all()]
        if (fault := self._gate.fault) is not None:
            found.append({"at": "prefect", "kind": str(fault)})
        if self._foreman_stopped:
            found.append({"at": "prefect", "kind": FOREMAN})
        return found + [{"at": "worker", **one} for one in self._containers.all()]

    async def _set_prefect(self, fields: Mapping[str, Any]) -> None:
        kind = fields.get("kind")
        if kind == FOREMAN:
            self._foreman_stopped = True
            await self._restart_prefect({_FOREMAN_ENABLED: "false"})
            return
        if kind not in set(Fault):
            raise FaultError(f"kind is one of {', '.join([*Fault, FOREMAN])}")
        try:
            await self._gate.set_fault(
                Fault(kind),
                delay_seconds=float(fields.get("seconds", 0)),
                retry_after=int(fields.get("retry_after", 1)),
                workers_only=bool(fields.get("workers_only")),
                path=str(fields.get("path", "")),
            )
        except (TypeError, ValueError):
            raise FaultError("seconds and retry_after are numbers") from None

    def _set_worker(self, fields: Mapping[str, Any]) -> None:
        kind = fields.get("kind")
        if kind not in set(Harm):
            raise FaultError(f"kind is one of {', '.join(Harm)}")
        connection, service = str(fields.get("connection", "")), str(fields.get("service", ""))
        self._containers.do(Harm(kind), connection, service)

    async def _answer(self, request: Request) -> Response:
        if request.method == "DELETE":
            await self.clear()
        elif request.method == "POST":
            try:
                await self.set(_object(await read_bytes(request, _LARGEST)))
            except FaultError as error:
                return JSONResponse({"message": str(error)}, _REFUSED)
        return JSONResponse(self.all())


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise FaultError("a fault is a JSON object")
    return said
