"""What `doctor` wants to know of the Docker engine."""

from __future__ import annotations

from importlib import import_module

from spcs_worker_tui.adapters.docker.threads import Stop, in_thread
from spcs_worker_tui.domain.doctor_machine import EngineFacts
from spcs_worker_tui.domain.text import one_line

_CLIENT = "spcs_worker_tui.adapters.docker.client"
ANSWER_SECONDS = 8


async def engine_facts() -> EngineFacts:
    """Ask the engine that `docker` itself would use what it is.

    Raises:
        EngineUnreachableError: There is none, or it is not ours to use.
        ConfigurationError: What says where it is makes no sense.
    """

    def work(stop: Stop) -> EngineFacts:
        module = import_module(_CLIENT)  # the SDK is slow to import
        with module.opened(ANSWER_SECONDS) as (api, host):
            stop.check()
            said = module.version_of(api, host)
        return EngineFacts(
            host=host,
            version=one_line(str(said.get("Version", ""))),
            system=str(said.get("Os", "")).lower(),
            architecture=str(said.get("Arch", "")).lower(),
        )

    return await in_thread(work)
