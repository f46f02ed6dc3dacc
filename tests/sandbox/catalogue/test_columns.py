"""Every listing has exactly the columns of the contract, in its order."""

from __future__ import annotations

import pytest

from spcs_worker_tui.sandbox.results import Kind
from support.catalogue import Lab, add_service

POOL = (
    "name state min_nodes max_nodes instance_family num_services num_jobs auto_suspend_secs "
    "auto_resume active_nodes idle_nodes target_nodes created_on resumed_on updated_on owner "
    "comment is_exclusive application"
)
SECRET = "created_on name schema_name database_name owner comment secret_type"
RULE = "created_on name database_name schema_name owner comment type mode"
GRANTS = "created_on privilege granted_on name granted_to grantee_name grant_option granted_by"

COLUMNS = {
    "SHOW SERVICE INSTANCES IN SERVICE svc": (
        "database_name schema_name service_name service_status instance_id status spec_digest "
        "creation_time start_time ip_address"
    ),
    "SHOW SERVICE CONTAINERS IN SERVICE svc": (
        "database_name schema_name service_name service_status instance_id instance_status "
        "container_name status message image_name image_digest restart_count start_time "
        "last_exit_code last_restart_time"
    ),
    "SHOW ENDPOINTS IN SERVICE svc": "name port port_range protocol is_public ingress_url",
    "SHOW ROLES IN SERVICE svc": "created_on name comment",
    "SHOW SERVICE VOLUMES IN SERVICE svc": "volume_name instance_id container_name volume_type",
    "SHOW COMPUTE POOLS": f"{POOL} placement_group backup_instance_families",
    "DESC COMPUTE POOL p": (
        f"{POOL} budget error_code status_message placement_group backup_instance_families"
    ),
    "SHOW NODES IN COMPUTE POOL p": (
        "node_id instance_family created_on placement_group vcpu memory_gib storage_gib gpu "
        "gpu_count gpu_memory_gib"
    ),
    "SHOW COMPUTE POOL INSTANCE FAMILIES": (
        "name description vcpu memory_gib storage_gib gpu gpu_count gpu_memory_gib "
        "current_node_usage message"
    ),
    "SHOW IMAGE REPOSITORIES": (
        "created_on name database_name schema_name repository_url owner owner_role_type comment "
        "encryption"
    ),
    "SHOW IMAGES IN IMAGE REPOSITORY repo": "created_on image_name tags digest image_path",
    "SHOW SECRETS": f"{SECRET} oauth_scopes owner_role_type",
    "DESC SECRET k": (
        f"{SECRET} username oauth_access_token_expiry_time oauth_refresh_token_expiry_time "
        "oauth_scopes integration_name algorithm key_length workload_identity_federation_issuer "
        "workload_identity_federation_subject"
    ),
    "SHOW NETWORK RULES": f"{RULE} entries_in_valuelist owner_role_type",
    "DESC NETWORK RULE r": f"{RULE} value_list",
    "LIST @st": "name size md5 last_modified",
    "REMOVE @st": "name result",
    "SHOW PARAMETERS": "key value default level description type",
    "SHOW GRANTS ON SERVICE svc": GRANTS,
    "SHOW GRANTS TO ROLE deployer": GRANTS,
    "SHOW GRANTS OF ROLE deployer": "created_on role granted_to grantee_name granted_by",
    "SELECT * FROM TABLE(svc!SPCS_GET_LOGS())": (
        "TIMESTAMP INSTANCE_ID CONTAINER_NAME LOG RECORD_ATTRIBUTES"
    ),
    "SELECT * FROM TABLE(svc!SPCS_GET_EVENTS())": (
        "TIMESTAMP SEVERITY EVENT_NAME EVENT_DETAILS INSTANCE_ID CONTAINER_NAME RECORD "
        "RECORD_ATTRIBUTES"
    ),
    "SELECT * FROM TABLE(svc!SPCS_GET_METRICS())": (
        "TIMESTAMP METRIC_NAME VALUE UNIT INSTANCE_ID CONTAINER_NAME RESOURCE RECORD "
        "RECORD_ATTRIBUTES"
    ),
    "SELECT * FROM snowflake.telemetry.events": (
        "TIMESTAMP START_TIMESTAMP OBSERVED_TIMESTAMP TRACE RESOURCE RESOURCE_ATTRIBUTES SCOPE "
        "SCOPE_ATTRIBUTES RECORD_TYPE RECORD RECORD_ATTRIBUTES VALUE EXEMPLARS"
    ),
    "SELECT * FROM d.information_schema.services": (
        "SERVICE_CATALOG SERVICE_SCHEMA SERVICE_NAME SERVICE_OWNER SERVICE_OWNER_ROLE_TYPE "
        "COMPUTE_POOL_NAME DNS_NAME CURRENT_INSTANCES TARGET_INSTANCES MIN_READY_INSTANCES "
        "MIN_INSTANCES MAX_INSTANCES AUTO_RESUME QUERY_WAREHOUSE CREATED LAST_ALTERED LAST_RESUMED "
        "COMMENT IS_JOB SPEC_DIGEST IS_UPGRADING MANAGING_OBJECT_DOMAIN MANAGING_OBJECT_NAME"
    ),
}


@pytest.fixture
async def furnished(lab: Lab) -> Lab:
    add_service(lab)
    await lab.sql(
        "CREATE SECRET k TYPE = GENERIC_STRING SECRET_STRING = 'hush';"
        "CREATE NETWORK RULE r TYPE = HOST_PORT MODE = EGRESS VALUE_LIST = ('a.example:443');"
        "CREATE STAGE st"
    )
    return lab


@pytest.mark.parametrize("statement", COLUMNS)
async def test_columns(furnished: Lab, statement: str) -> None:
    table = await furnished.sql(statement)
    assert [column.name for column in table.columns] == COLUMNS[statement].split()


async def test_kinds_of_service_columns(furnished: Lab) -> None:
    table = await furnished.sql("SHOW SERVICES")
    kinds = {column.name: column.kind for column in table.columns}
    numbers = [name for name, kind in kinds.items() if kind is Kind.FIXED]
    moments = [name for name, kind in kinds.items() if kind is Kind.TIMESTAMP_LTZ]
    flags = [name for name, kind in kinds.items() if kind is Kind.BOOLEAN]
    assert numbers == [
        "current_instances",
        "target_instances",
        "min_ready_instances",
        "min_instances",
        "max_instances",
        "auto_suspend_secs",
    ]
    assert moments == ["created_on", "updated_on", "resumed_on", "suspended_on"]
    assert flags == ["auto_resume", "is_job", "is_async_job", "is_upgrading"]


@pytest.mark.parametrize("of", ["INSTANCES", "CONTAINERS"])
async def test_a_service_without_instances_is_one_row_of_nulls(furnished: Lab, of: str) -> None:
    (row,) = await furnished.asked(f"SHOW SERVICE {of} IN SERVICE svc")
    *named, status = list(row.values())[:4]
    assert named == ["D", "S", "SVC"]
    assert status == "PENDING"
    assert set(list(row.values())[4:]) == {None}
