"""Imports Prefect's client without what it would read and leave behind."""

from __future__ import annotations

import importlib
import os
import threading
from types import ModuleType

_PREFIX = "PREFECT_"
_importing = threading.Lock()


def import_writer() -> ModuleType:
    """`adapters.prefect.writer`, imported so that no profile of the user is read.

    Prefect reads its settings once, when it is imported: environment, profile, and files of the
    working directory. It must see none of the user's, since those are meant for one API and we
    talk to several (prefect-contract 3.1, 3.3). It also makes its home when it is imported, and
    our use of it keeps nothing there. Takes a second or two: call it in a thread.
    """
    import tempfile  # noqa: PLC0415 - costs, and this function is rarely called

    name = "spcs_worker_tui.adapters.prefect.writer"
    with _importing:
        saved = {key: value for key, value in os.environ.items() if key.startswith(_PREFIX)}
        with tempfile.TemporaryDirectory(prefix="spcs-worker-tui-prefect-") as home:
            ours = {
                "PREFECT_HOME": home,
                "PREFECT_PROFILES_PATH": f"{home}/none.toml",
                "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
                "PREFECT_LOGGING_TO_API_ENABLED": "false",
                "PREFECT_LOGGING_LEVEL": "CRITICAL",
            }
            for key in saved:
                del os.environ[key]
            os.environ.update(ours)
            try:
                return importlib.import_module(name)
            finally:
                for key in ours:
                    os.environ.pop(key, None)
                os.environ.update(saved)
