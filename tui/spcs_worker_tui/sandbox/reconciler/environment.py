"""What a container finds around itself: variables, secrets, limits (contract 3.1, 3.2, 4)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.sandbox.families import FAMILIES, limits
from spcs_worker_tui.sandbox.runtimes.base import Launch

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Account, Image, Instance, Secret, Service

_logger = logging.getLogger(__name__)


def launch_for(
    account: Account,
    service: Service,
    instance: Instance,
    container: Mapping[str, Any],
    image: Image,
    snowflake_host: str,
) -> Launch:
    """Everything a runtime has to know for one life; secrets have the values of this moment."""
    database, schema, name = service.key
    pool = account.compute_pools.get(service.compute_pool)
    family = FAMILIES.get(pool.instance_family) if pool else None
    most = limits(container, family) if family else None
    return Launch(
        account=account.identifier,
        database=database,
        schema=schema,
        service=name,
        instance_id=instance.instance_id,
        container=container["name"],
        image=container["image"],
        image_digest=image.digest,
        command_name=image.command,
        command=_words(container.get("command")),
        args=_words(container.get("args")),
        env={
            **_platform_variables(account, service, instance, snowflake_host),
            **{str(key): _text(value) for key, value in (container.get("env") or {}).items()},
            **_secret_variables(account, service, container),
        },
        ip_address=instance.ip_address,
        memory_limit_bytes=most.memory if most else None,
        cpu_limit=most.cpu if most else None,
        files=secret_files(account, service, container),
        session_directory=_session_directory(container),
    )


def secret_files(
    account: Account, service: Service, container: Mapping[str, Any]
) -> dict[str, str]:
    """The secrets with a `directoryPath`, as path -> content; they follow ALTER SECRET."""
    return {
        f"{entry['directoryPath'].rstrip('/')}/{key}": value
        for entry, secret in _secrets(account, service, container)
        if "directoryPath" in entry
        for key, value in secret.values.items()
    }


def _platform_variables(
    account: Account, service: Service, instance: Instance, snowflake_host: str
) -> dict[str, str]:
    database, schema, name = service.key
    variables = {
        "SNOWFLAKE_ACCOUNT": account.locator,
        "SNOWFLAKE_HOST": snowflake_host,
        "SNOWFLAKE_DATABASE": database,
        "SNOWFLAKE_SCHEMA": schema,
        "SNOWFLAKE_SERVICE_NAME": name,
        # What the host name of a real container looks like is unverified; nothing may rely on
        # more than that it differs between the instances of a service.
        "HOSTNAME": f"statefulset-{instance.instance_id}",
    }
    if service.is_job:
        variables["SNOWFLAKE_JOBS_COUNT"] = str(service.replicas)
        variables["SNOWFLAKE_JOB_INDEX"] = str(instance.instance_id)
    return variables


def _secret_variables(
    account: Account, service: Service, container: Mapping[str, Any]
) -> dict[str, str]:
    return {
        entry["envVarName"]: secret.values[key]
        for entry, secret in _secrets(account, service, container)
        if "envVarName" in entry
        and (key := entry.get("secretKeyRef", "access_token")) in secret.values
    }


def _secrets(
    account: Account, service: Service, container: Mapping[str, Any]
) -> Iterator[tuple[Mapping[str, Any], Secret]]:
    for entry in container.get("secrets") or ():
        reference = entry["snowflakeSecret"]
        name = reference if isinstance(reference, str) else reference.get("objectName", "")
        parts = [
            part.strip('"') if part.startswith('"') else part.upper() for part in name.split(".")
        ]
        database, schema, _ = service.key
        key = (*(database, schema)[: max(0, 3 - len(parts))], *parts)
        secret = account.secrets.get(key)  # type: ignore[arg-type]
        if secret is None:
            _logger.warning("secret %s of service %s does not exist", name, ".".join(service.key))
        else:
            yield entry, secret


def _session_directory(container: Mapping[str, Any]) -> str | None:
    if container.get("mountSessionToken") is False:
        return None
    config: Mapping[str, Any] = container.get("sessionTokenConfig") or {}
    return str(config.get("path", "/snowflake/session"))


def _words(value: Any) -> tuple[str, ...] | None:
    return None if value is None else tuple(str(word) for word in value)


def _text(value: Any) -> str:
    # YAML's true is not Python's: the container sees what was written in the specification.
    return str(value).lower() if isinstance(value, bool) else str(value)
