"""Every check there is, in the order of docs/troubleshooting.md."""

from __future__ import annotations

from spcs_worker_tui.domain import (
    doctor_clock,
    doctor_connections,
    doctor_egress,
    doctor_images,
    doctor_machine,
    doctor_pools,
    doctor_prefect,
    doctor_privileges,
    doctor_secrets,
    doctor_spec,
)
from spcs_worker_tui.domain.doctor import Area, Check

_ALL = (
    *doctor_connections.CHECKS,
    *doctor_privileges.CHECKS,
    *doctor_spec.CHECKS,
    *doctor_secrets.CHECKS,
    *doctor_egress.CHECKS,
    *doctor_pools.CHECKS,
    *doctor_images.CHECKS,
    *doctor_prefect.CHECKS,
    *doctor_clock.CHECKS,
    *doctor_machine.CHECKS,
)

CHECKS: tuple[Check, ...] = tuple(check for area in Area for check in _ALL if check.area is area)
