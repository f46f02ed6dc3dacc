"""Which function answers which statement; those that wait are the executor's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.sandbox.catalogue import (
    compute_pool_ddl,
    compute_pools,
    event_table,
    grants,
    image_repositories,
    integrations,
    namespace_ddl,
    namespaces,
    network,
    parameters,
    secrets,
    service_ddl,
    show_grants,
    show_instances,
    show_namespaces,
    show_services,
    stages,
    table_functions,
)
from spcs_worker_tui.sandbox.catalogue.objects import drop
from spcs_worker_tui.sandbox.sql.ast import (
    Alter,
    AlterSession,
    Create,
    CreateService,
    Describe,
    Drop,
    Grant,
    ListFiles,
    ObjectKind,
    RemoveFiles,
    SelectFromService,
    SelectFromTable,
    Show,
    ShowKind,
    Use,
)

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.results import Table

_SHOWS: Mapping[ShowKind, Callable[[Context, Show], Table]] = {
    ShowKind.SERVICES: show_services.show_services,
    ShowKind.SERVICE_INSTANCES: show_instances.show_instances,
    ShowKind.SERVICE_CONTAINERS: show_instances.show_containers,
    ShowKind.SERVICE_VOLUMES: show_instances.show_volumes,
    ShowKind.ENDPOINTS: show_instances.show_endpoints,
    ShowKind.ROLES_IN_SERVICE: show_instances.show_roles_in_service,
    ShowKind.COMPUTE_POOLS: compute_pools.show_compute_pools,
    ShowKind.NODES: compute_pools.show_nodes,
    ShowKind.INSTANCE_FAMILIES: compute_pools.show_instance_families,
    ShowKind.IMAGE_REPOSITORIES: image_repositories.show_repositories,
    ShowKind.IMAGES: image_repositories.show_images,
    ShowKind.SECRETS: secrets.show,
    ShowKind.NETWORK_RULES: network.show_rules,
    ShowKind.INTEGRATIONS: integrations.show,
    ShowKind.STAGES: stages.show,
    ShowKind.DATABASES: show_namespaces.show_databases,
    ShowKind.SCHEMAS: show_namespaces.show_schemas,
    ShowKind.ROLES: show_namespaces.show_roles,
    ShowKind.WAREHOUSES: show_namespaces.show_warehouses,
    ShowKind.GRANTS: show_grants.show_grants,
    ShowKind.PARAMETERS: parameters.show_parameters,
}
_DESCRIBES: Mapping[ObjectKind, Callable[[Context, Describe], Table]] = {
    ObjectKind.SERVICE: show_services.describe_service,
    ObjectKind.COMPUTE_POOL: compute_pools.describe_compute_pool,
    ObjectKind.SECRET: secrets.describe,
    ObjectKind.NETWORK_RULE: network.describe_rule,
    ObjectKind.EXTERNAL_ACCESS_INTEGRATION: integrations.describe,
}
_CREATES: Mapping[ObjectKind, Callable[[Context, Create], Table]] = {
    ObjectKind.COMPUTE_POOL: compute_pool_ddl.create_pool,
    ObjectKind.IMAGE_REPOSITORY: image_repositories.create,
    ObjectKind.SECRET: secrets.create,
    ObjectKind.NETWORK_RULE: network.create_rule,
    ObjectKind.EXTERNAL_ACCESS_INTEGRATION: integrations.create,
    ObjectKind.STAGE: stages.create,
    ObjectKind.DATABASE: namespace_ddl.create_database,
    ObjectKind.SCHEMA: namespace_ddl.create_schema,
    ObjectKind.ROLE: namespace_ddl.create_role,
    ObjectKind.WAREHOUSE: namespace_ddl.create_warehouse,
}
_ALTERS: Mapping[ObjectKind, Callable[[Context, Alter], Table]] = {
    ObjectKind.SERVICE: service_ddl.alter_service,
    ObjectKind.COMPUTE_POOL: compute_pool_ddl.alter_pool,
    ObjectKind.IMAGE_REPOSITORY: image_repositories.alter,
    ObjectKind.SECRET: secrets.alter,
    ObjectKind.NETWORK_RULE: network.alter_rule,
    ObjectKind.EXTERNAL_ACCESS_INTEGRATION: integrations.alter,
    ObjectKind.STAGE: stages.alter,
    ObjectKind.DATABASE: namespace_ddl.alter_namespace,
    ObjectKind.SCHEMA: namespace_ddl.alter_namespace,
    ObjectKind.ROLE: namespace_ddl.alter_namespace,
    ObjectKind.WAREHOUSE: namespace_ddl.alter_namespace,
}
_DROPS: Mapping[ObjectKind, Callable[[Context, Drop], Table]] = {
    ObjectKind.SERVICE: service_ddl.drop_service,
    ObjectKind.COMPUTE_POOL: compute_pool_ddl.drop_pool,
    ObjectKind.IMAGE_REPOSITORY: lambda c, s: drop(c, c.account.image_repositories, s),
    ObjectKind.SECRET: lambda c, s: drop(c, c.account.secrets, s),
    ObjectKind.NETWORK_RULE: network.drop_rule,
    ObjectKind.EXTERNAL_ACCESS_INTEGRATION: integrations.drop,
    ObjectKind.STAGE: lambda c, s: drop(c, c.account.stages, s),
    ObjectKind.DATABASE: namespace_ddl.drop_namespace,
    ObjectKind.SCHEMA: namespace_ddl.drop_namespace,
    ObjectKind.ROLE: namespace_ddl.drop_namespace,
    ObjectKind.WAREHOUSE: namespace_ddl.drop_namespace,
}

BY_OBJECT: Mapping[type, Mapping[Any, Callable[[Context, Any], Table]]] = {
    Show: _SHOWS,
    Describe: _DESCRIBES,
    Create: _CREATES,
    Alter: _ALTERS,
    Drop: _DROPS,
}
"""Statement -> kind of object -> answer."""

BY_STATEMENT: Mapping[type, Callable[[Context, Any], Table]] = {
    CreateService: service_ddl.create_service,
    Grant: grants.grant,
    Use: namespaces.use,
    AlterSession: parameters.alter_session,
    SelectFromService: table_functions.select_from_service,
    SelectFromTable: event_table.select_from_table,
    ListFiles: stages.list_files,
    RemoveFiles: stages.remove_files,
}
"""Statement -> answer, where the kind of object does not matter."""
