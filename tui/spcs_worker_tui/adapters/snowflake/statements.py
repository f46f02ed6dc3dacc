"""The statements that are sent; none of them needs a warehouse, so none wakes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.snowflake.quoting import (
    identifier,
    literal,
    repository_name,
    service_name,
)

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.ports import ScaleTo

SHOW_SERVICES = "SHOW SERVICES IN ACCOUNT"
SHOW_COMPUTE_POOLS = "SHOW COMPUTE POOLS"


def show_service_containers(key: ServiceKey) -> str:
    """Contract 1.3."""
    return f"SHOW SERVICE CONTAINERS IN SERVICE {service_name(key)}"


def show_service_instances(key: ServiceKey) -> str:
    """Contract 1.3."""
    return f"SHOW SERVICE INSTANCES IN SERVICE {service_name(key)}"


def describe_service(key: ServiceKey) -> str:
    """Contract 1.2."""
    return f"DESCRIBE SERVICE {service_name(key)}"


def show_images(repository: str) -> str:
    """Contract 1.11; `repository` is `db/schema/repository`."""
    return f"SHOW IMAGES IN IMAGE REPOSITORY {repository_name(repository)}"


def service_logs(
    key: ServiceKey,
    instance_id: int,
    container: str,
    *,
    lines: int,
    previous: bool,
    timestamps: bool,
) -> str:
    """Contract 1.5: five documented arguments, and two more where time stamps are wanted."""
    arguments = [
        literal(service_name(key)),
        literal(str(instance_id)),
        literal(container),
        str(lines),
        "TRUE" if previous else "FALSE",
    ]
    if timestamps:
        arguments += [literal(""), "TRUE"]
    return f"CALL SYSTEM$GET_SERVICE_LOGS({', '.join(arguments)})"


def suspend_service(key: ServiceKey) -> str:
    """Contract 1.8."""
    return f"ALTER SERVICE {service_name(key)} SUSPEND"


def resume_service(key: ServiceKey) -> str:
    """Contract 1.8."""
    return f"ALTER SERVICE {service_name(key)} RESUME"


def grant_operate(key: ServiceKey, role: str) -> str:
    """What lets a role suspend, resume and upgrade a service (contract 1.8)."""
    return f"GRANT OPERATE ON SERVICE {service_name(key)} TO ROLE {identifier(role)};"


def scale_service(key: ServiceKey, scale: ScaleTo) -> str:
    """Contract 1.8: one statement, so that the two never contradict each other in between."""
    ready = "" if scale.min_ready is None else f" MIN_READY_INSTANCES = {scale.min_ready:d}"
    return (
        f"ALTER SERVICE {service_name(key)} SET MIN_INSTANCES = {scale.min_instances:d} "
        f"MAX_INSTANCES = {scale.max_instances:d}{ready}"
    )


def drop_service(key: ServiceKey) -> str:
    """Contract 1.9; never with FORCE, which deletes block-storage volumes, too."""
    return f"DROP SERVICE IF EXISTS {service_name(key)}"


def suspend_compute_pool(name: str) -> str:
    """Contract 1.10; never STOP ALL, which may drop services."""
    return f"ALTER COMPUTE POOL {identifier(name)} SUSPEND"
