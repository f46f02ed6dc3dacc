"""The statements that are sent: only SHOW, DESCRIBE, CALL and ALTER, so that no warehouse wakes."""

from __future__ import annotations

from spcs_worker_tui.adapters.snowflake.quoting import literal, repository_name, service_name
from spcs_worker_tui.domain.fleet import ServiceKey

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
