"""A specification with what the project's settings add to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spcs_worker_tui.domain.binding import API_URL, POOL_NAMES

if TYPE_CHECKING:
    from spcs_worker_tui.domain.settings import Environment
    from spcs_worker_tui.domain.spec_document import SpecDocument


def rendered(environment: Environment, document: SpecDocument) -> SpecDocument:
    """The specification with the environment's variables, secrets and resources in it."""
    container = document.container(environment.container)
    variables = dict(environment.variables)
    if environment.prefect_api_url:
        variables[API_URL] = environment.prefect_api_url
    if environment.work_pool:
        variables[POOL_NAMES[0]] = environment.work_pool
    for name, value in variables.items():
        document = document.with_variable(name, value, container)
    for name, secret in environment.secrets.items():
        document = document.with_secret(name, secret, container)
    resources = environment.resources
    return document.with_resources(resources.requests, resources.limits, container)
