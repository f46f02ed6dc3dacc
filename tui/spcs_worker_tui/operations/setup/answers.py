"""The answers that an environment of the settings gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.setup import KEY_VARIABLES, Answers

if TYPE_CHECKING:
    from spcs_worker_tui.domain.settings import Environment, Project

_LATEST = "latest"


def answers_of(project: Project, environment: Environment, *, tag: str = "") -> Answers:
    """What the settings say, and the defaults of the files under `sql/` where they do not.

    Args:
        project: The settings.
        environment: One of them.
        tag: Instead of the one that the environment names.

    Raises:
        ConfigurationError: Something that a set-up needs is missing.
    """
    missing = [name for name in ("prefect_api_url", "work_pool") if not getattr(environment, name)]
    if missing:
        raise ConfigurationError(
            f"environment {environment.name} has no {' and no '.join(missing)} in {project.path}",
            next_step="Set it there: a set-up ends with a flow that ran on that work pool.",
        )
    given = places_of(environment)
    variable = next((name for name in KEY_VARIABLES if name in environment.secrets), "")
    given["secret"] = ""
    if variable:
        given["secret"], given["secret_variable"] = environment.secrets[variable], variable
    if tag:
        given["tag"] = tag
    return Answers(
        environment=environment.name,
        connection=environment.connection,
        prefect_api_url=environment.prefect_api_url,
        folder=project.path.parent,
        work_pool=environment.work_pool,
        base=environment,
        **given,
    )


def places_of(environment: Environment) -> dict[str, Any]:
    """Which names, kinds and numbers the settings give, as `Answers` has them."""
    given: dict[str, Any] = dict(environment.setup)
    given.setdefault("max_nodes", given.get("min_nodes", 1))
    if environment.external_access_integrations:
        given["integration"] = environment.external_access_integrations[0]
    return given | {
        "database": environment.database,
        "schema": environment.schema,
        "repository": environment.image_repository.replace("/", ".").upper(),
        "compute_pool": environment.compute_pool,
        "service": environment.service,
        "instances": environment.min_instances,
        "image": environment.image,
        # A pattern is for builds that have a version.
        "tag": _LATEST if "{" in environment.tag else environment.tag,
    }
