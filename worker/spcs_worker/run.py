"""From the environment to the exit status: connect, work, drain.

| Exit status | The worker ended because |
|---|---|
| 0 | it was told to stop, and every flow run it had taken is finished |
| 1 | of a mistake that nobody foresaw; the traceback is in the log |
| 3 | it was told to stop, and runs that did not finish in time are marked CRASHED |
| 4 | it was told to stop, and Prefect could not be told of a run that did not finish |
| 66 | the work pool does not exist and is not to be created |
| 69 | Prefect failed for so long that Prefect's own worker gave up |
| 71 | the port of the health checks is taken |
| 76 | PREFECT_API_URL leads to something that is no Prefect API |
| 77 | Prefect refused the credentials |
| 78 | the environment is incomplete or malformed |

SPCS sends SIGTERM and kills 30 s later (contract 4). Of these the drain takes at most
PREFECT_WORKER_DRAIN_SECONDS (22); then the flow runs' processes get a SIGTERM, on which Prefect
reports them as crashed, and 3 s later whatever is left is killed and marked by us. A second
SIGTERM or SIGINT ends the drain at once.
"""

from __future__ import annotations

import importlib.metadata
import platform
import shlex
import socket
from collections.abc import MutableMapping

from spcs_worker import log
from spcs_worker.exits import ExitStatus, WorkerStopped
from spcs_worker.log import logger
from spcs_worker.name import worker_name
from spcs_worker.settings import WORKER_TYPE, SettingsError, WorkerSettings


def main(environ: MutableMapping[str, str]) -> int:
    """Run the worker until it is told to stop or cannot go on.

    Args:
        environ: The process's environment; Prefect and the flow runs inherit what is set here.

    Returns:
        The exit status, as in the module's table.
    """
    try:
        settings = WorkerSettings.from_environ(environ)
    except SettingsError as error:
        log.configure("INFO")
        for problem in error.problems:
            logger.error(problem)
        logger.error("The worker cannot start like this: correct the service's specification.")
        return ExitStatus.CONFIG
    log.configure(settings.logging_level)
    prepare_environment(environ, settings)
    name = worker_name(environ, environ.get("HOSTNAME") or socket.gethostname())
    introduce(settings, name)
    # Everything heavier than the settings waits until they are known to be right.
    from spcs_worker.serve import run_until_stopped  # noqa: PLC0415

    try:
        return run_until_stopped(settings, name)
    except WorkerStopped as stopped:
        logger.error(str(stopped))
        return stopped.status


def prepare_environment(environ: MutableMapping[str, str], settings: WorkerSettings) -> None:
    """Set what Prefect reads on import, here and in the processes of the flow runs."""
    for variable in ("PREFECT_API_KEY", "PREFECT_API_AUTH_STRING", "PREFECT_CLIENT_CUSTOM_HEADERS"):
        if not environ.get(variable, "").strip():
            environ.pop(variable, None)
    environ["PREFECT_API_URL"] = settings.api_url
    environ["PREFECT_LOGGING_LEVEL"] = settings.logging_level
    # Without a server to talk to Prefect would start one of its own (prefect-contract 3.3).
    environ["PREFECT_SERVER_EPHEMERAL_ENABLED"] = "false"
    environ.setdefault("PREFECT_LOGGING_FORMATTERS_STANDARD_DATEFMT", log.DATE_FORMAT)
    environ.setdefault("DO_NOT_TRACK", "1")


def introduce(settings: WorkerSettings, name: str) -> None:
    """Say what is about to run, in the words that users of Prefect know; never a secret."""
    credentials = settings.credentials_name
    queues = ", ".join(settings.work_queues) or "all"
    command = ["prefect", "worker", "start", "--pool", settings.work_pool, "--type", WORKER_TYPE]
    command += ["--name", name, "--with-healthcheck"]
    for queue in settings.work_queues:
        command += ["--work-queue", queue]
    if settings.limit is not None:
        command += ["--limit", str(settings.limit)]
    if not settings.create_pool:
        command.append("--no-create-pool-if-not-found")
    logger.info(
        "spcs_worker %s, prefect %s, python %s",
        _version("spcs-worker-tui"),
        _version("prefect"),
        platform.python_version(),
    )
    logger.info(
        "Prefect API: %s, %s",
        settings.shown_api_url,
        f"credentials from {credentials}" if credentials else "without credentials",
    )
    logger.info(
        "Work pool: '%s', work queues: %s, limit: %s",
        settings.work_pool,
        queues,
        "none" if settings.limit is None else settings.limit,
    )
    logger.info("Worker: '%s', drains for up to %g s", name, settings.drain_seconds)
    logger.info("In place of: %s", shlex.join(command))


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
