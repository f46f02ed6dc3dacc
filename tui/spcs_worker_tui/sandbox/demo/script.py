"""The statements that the demo's accounts have in common."""

from __future__ import annotations

from collections.abc import Sequence

OPERATOR_ROLE = "PREFECT_OPERATOR"
USER = "OPERATOR"
WAREHOUSE = "COMPUTE_WH"
SECRET = "PREFECT_API_KEY"  # noqa: S105 - its name
ACCESS = "PREFECT_API_ACCESS"


def setup(
    *, databases: Sequence[str], schema: str, repository: str, pools: Sequence[str], api_host: str
) -> str:
    """Role, databases, schema, image repository, compute pools, egress: as ACCOUNTADMIN.

    Args:
        databases: Names; the first holds the image repository and what the workers share.
        schema: In each of them.
        repository: The image repository's name.
        pools: `NAME FAMILY MIN MAX [comment]`.
        api_host: `host:port` of the Prefect API.
    """
    first = f"{databases[0]}.{schema}"
    statements = [
        "USE ROLE ACCOUNTADMIN",
        f"CREATE ROLE {OPERATOR_ROLE} COMMENT = 'Deploys and operates the Prefect workers'",
        f"GRANT ROLE {OPERATOR_ROLE} TO USER {USER}",
        f"GRANT ROLE {OPERATOR_ROLE} TO ROLE SYSADMIN",
    ]
    for database in databases:
        statements += [
            f"CREATE DATABASE {database}",
            f"CREATE SCHEMA {database}.{schema}",
            f"GRANT USAGE ON DATABASE {database} TO ROLE {OPERATOR_ROLE}",
            f"GRANT USAGE ON SCHEMA {database}.{schema} TO ROLE {OPERATOR_ROLE}",
            f"GRANT CREATE SERVICE ON SCHEMA {database}.{schema} TO ROLE {OPERATOR_ROLE}",
            f"GRANT CREATE SECRET ON SCHEMA {database}.{schema} TO ROLE {OPERATOR_ROLE}",
        ]
    statements += [
        f"CREATE IMAGE REPOSITORY {first}.{repository}",
        f"GRANT READ ON IMAGE REPOSITORY {first}.{repository} TO ROLE {OPERATOR_ROLE}",
        f"GRANT WRITE ON IMAGE REPOSITORY {first}.{repository} TO ROLE {OPERATOR_ROLE}",
        f"CREATE SECRET {first}.{SECRET} TYPE = GENERIC_STRING SECRET_STRING = 'not-needed-here' "
        "COMMENT = 'Key of the workers for the Prefect API'",
        f"GRANT READ ON SECRET {first}.{SECRET} TO ROLE {OPERATOR_ROLE}",
        f"GRANT USAGE, MODIFY ON SECRET {first}.{SECRET} TO ROLE {OPERATOR_ROLE}",
        f"CREATE NETWORK RULE {first}.PREFECT_API TYPE = HOST_PORT MODE = EGRESS "
        f"VALUE_LIST = ('{api_host}')",
        f"CREATE EXTERNAL ACCESS INTEGRATION {ACCESS} "
        f"ALLOWED_NETWORK_RULES = ({first}.PREFECT_API) ENABLED = TRUE",
        f"GRANT USAGE ON INTEGRATION {ACCESS} TO ROLE {OPERATOR_ROLE}",
    ]
    for pool in pools:
        name, family, least, most, *comment = pool.split(maxsplit=4)
        statements += [
            f"CREATE COMPUTE POOL {name} MIN_NODES = {least} MAX_NODES = {most} "
            f"INSTANCE_FAMILY = {family} COMMENT = '{' '.join(comment)}'",
            f"GRANT USAGE, MONITOR, OPERATE ON COMPUTE POOL {name} TO ROLE {OPERATOR_ROLE}",
        ]
    return script(statements)


def create_service(
    name: str, pool: str, spec: str, *, comment: str, instances: int = 1, egress: bool = True
) -> str:
    """CREATE SERVICE for one service."""
    lines = [f"CREATE SERVICE {name}", f"  IN COMPUTE POOL {pool}", "  FROM SPECIFICATION $$"]
    lines += [spec, "$$"]
    if egress:
        lines.append(f"  EXTERNAL_ACCESS_INTEGRATIONS = ({ACCESS})")
    lines += [f"  MIN_INSTANCES = {instances}", f"  MAX_INSTANCES = {instances}"]
    return "\n".join([*lines, f"  COMMENT = '{comment}'"])


def script(statements: Sequence[str]) -> str:
    """Statements, one after the other."""
    return ";\n".join(statements) + ";\n"
