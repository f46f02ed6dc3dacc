"""Where the files are that a project is laid out from, and those that set an account up.

In a checkout they are at its top; the wheel carries them along as `template/` in the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spcs_worker_tui.domain.errors import ConfigurationError

_PACKAGE = Path(__file__).parents[1]
_MARK = Path("sql", "01_role.sql")
_IGNORED = frozenset({"__pycache__"})
PARTS = ("Dockerfile", ".dockerignore", "spcs-service-spec.yaml", "worker")
"""What a project needs beside its settings."""


def template_folder() -> Path:
    """The folder that has `sql`, `worker`, the Dockerfile and the specification.

    Raises:
        ConfigurationError: The program was installed without them.
    """
    for folder in (_PACKAGE.parents[1], _PACKAGE / "template"):
        if (folder / _MARK).is_file():
            return folder
    raise ConfigurationError(
        "this installation lacks the files that an account is set up from",
        next_step="Install spcs-worker-tui again, from a wheel or a checkout.",
    )


def sql_files() -> Sequence[tuple[str, str]]:
    """Name and text of the files under `sql/`, in their order.

    Raises:
        ConfigurationError: As `template_folder`.
    """
    found = sorted((template_folder() / "sql").glob("*.sql"))
    return [(path.name, path.read_text("utf-8")) for path in found]


def template_files(part: str) -> Sequence[Path]:
    """The files of one of `PARTS`, relative to the template's folder."""
    folder = template_folder()
    path = folder / part
    if path.is_file():
        return [Path(part)]
    return sorted(
        found.relative_to(folder)
        for found in path.rglob("*")
        if found.is_file() and not _IGNORED & set(found.parts) and found.suffix != ".pyc"
    )
