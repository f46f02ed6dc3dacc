"""EXECUTE JOB SERVICE, and what a client may do with a job (contract 1.6, 1.9)."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue.compute_pools import find_pool
from spcs_worker_tui.sandbox.catalogue.names import dotted, require_unquoted
from spcs_worker_tui.sandbox.catalogue.objects import met_existing, place_for
from spcs_worker_tui.sandbox.catalogue.properties import object_name, truth, whole_number
from spcs_worker_tui.sandbox.catalogue.refusals import refused
from spcs_worker_tui.sandbox.catalogue.service_ddl import new_service
from spcs_worker_tui.sandbox.catalogue.service_properties import ServiceProperties, changed
from spcs_worker_tui.sandbox.results import Table, status
from spcs_worker_tui.sandbox.sql.ast import ExecuteJobService, Name, ObjectKind

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.catalogue.model import Service

ENDED = frozenset({"DONE", "FAILED", "CANCELLED", "INTERNAL_ERROR", "DELETED"})


async def execute_job(context: Context, statement: ExecuteJobService) -> Table:
    """`EXECUTE JOB SERVICE`: returns at the end of the job, or at once when ASYNC.

    Raises:
        SqlError: What CREATE SERVICE raises; a refusal when the job did not end in DONE.
        asyncio.CancelledError: The statement was aborted or timed out; the job is cancelled.
    """
    given = statement.properties
    default_name = Name((f"JOB_{uuid.uuid4().hex.upper()}",))
    name = object_name("NAME", given.get("NAME", default_name))
    key = place_for(context, name, ObjectKind.SERVICE)
    require_unquoted(*key)
    taken = context.account.services.get(key)
    met_existing(
        context,
        dotted(key),
        taken.grants if taken else None,
        if_not_exists=False,
        replace=False,
    )
    pool = find_pool(context, statement.compute_pool, ("USAGE",))
    job = new_service(context, key, pool, statement.spec)
    changed(context, ServiceProperties(), given, context.roles).apply_to(job)
    job.is_job = True
    job.is_async_job = truth("ASYNC", given.get("ASYNC", False))
    job.replicas = whole_number("REPLICAS", given.get("REPLICAS", 1), 1)
    job.min_instances = job.max_instances = job.min_ready_instances = job.replicas
    job.tags.update(statement.tags)
    context.account.services[key] = job
    context.platform.wake()
    if job.is_async_job:
        return status(f"Job {key[2]} successfully submitted.")
    await _end_of(context, job)
    if job.status != "DONE":
        raise refused(f"Job {key[2]} failed with status: {job.status}.")
    return status(f"Job {key[2]} completed successfully with status: DONE.")


async def _end_of(context: Context, job: Service) -> None:
    try:
        await context.platform.reached(job, ENDED, None)
    except asyncio.CancelledError:
        cancel_job(context, job)
        raise


def cancel_job(context: Context, job: Service) -> None:
    """CANCELLING, then CANCELLED; a job that has ended stays as it is.

    Raises:
        SqlError: A refusal for a service that is no job.
    """
    if not job.is_job:
        raise refused(f"Service '{dotted(job.key)}' is not a job service.")
    if job.status not in ENDED:
        job.cancelled = True
        context.platform.wake()
