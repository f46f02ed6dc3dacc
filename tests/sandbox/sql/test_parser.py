"""The statements of the contract, as clients write them, and the ones that are refused."""

from __future__ import annotations

import pytest

from spcs_worker_tui.sandbox.sql.ast import (
    Alter,
    AlterSession,
    Call,
    Create,
    CreateService,
    Describe,
    Drop,
    ExecuteJobService,
    Grant,
    ListFiles,
    Literal,
    Name,
    ObjectKind,
    Put,
    RemoveFiles,
    Scope,
    Select,
    SelectFromResult,
    SelectFromService,
    SelectFromTable,
    SelectItem,
    Show,
    ShowKind,
    SpecSource,
    StagePath,
    Statement,
    Use,
)
from spcs_worker_tui.sandbox.sql.parser import parse


def n(*parts: str) -> Name:
    """A name of unquoted parts."""
    return Name(parts, (False,) * len(parts))


def one(text: str, *binds: Literal) -> Statement:
    (statement,) = parse(text, binds)
    return statement


SPEC = SpecSource(text=' {"spec": {}} ')

# What `snow` 3.30 sends (contract 6.9), letter for letter.
SNOW: list[tuple[str, Statement]] = [
    ("show services like '%%'", Show(ShowKind.SERVICES, like="%%")),
    (
        "show services like '%%' in schema X",
        Show(ShowKind.SERVICES, Scope("SCHEMA", n("X")), like="%%"),
    ),
    (
        "show services like '%%' in compute pool X",
        Show(ShowKind.SERVICES, Scope("COMPUTE POOL", n("X")), like="%%"),
    ),
    ("describe service IDENTIFIER('D.S.X')", Describe(ObjectKind.SERVICE, n("D", "S", "X"))),
    ("drop service IDENTIFIER('X')", Drop(ObjectKind.SERVICE, n("X"))),
    ("drop service if exists X force", Drop(ObjectKind.SERVICE, n("X"), True, True)),
    (
        "show service instances in service X",
        Show(ShowKind.SERVICE_INSTANCES, Scope("SERVICE", n("X"))),
    ),
    (
        "show service containers in service X",
        Show(ShowKind.SERVICE_CONTAINERS, Scope("SERVICE", n("X"))),
    ),
    ("show endpoints in service X", Show(ShowKind.ENDPOINTS, Scope("SERVICE", n("X")))),
    ("show roles in service X", Show(ShowKind.ROLES_IN_SERVICE, Scope("SERVICE", n("X")))),
    ("CALL SYSTEM$GET_SERVICE_STATUS('x')", Call("SYSTEM$GET_SERVICE_STATUS", ("x",))),
    (
        "call SYSTEM$GET_SERVICE_LOGS('DB.S.SVC', '0', 'worker', 500, False, '', False);",
        Call("SYSTEM$GET_SERVICE_LOGS", ("DB.S.SVC", "0", "worker", 500, False, "", False)),
    ),
    ("alter service X suspend", Alter(ObjectKind.SERVICE, n("X"), "SUSPEND")),
    ("alter service X resume", Alter(ObjectKind.SERVICE, n("X"), "RESUME")),
    (
        "alter service X set \n min_instances = 1\n auto_resume = False\n comment = 'it''s'",
        Alter(
            ObjectKind.SERVICE,
            n("X"),
            "SET",
            properties={"MIN_INSTANCES": 1, "AUTO_RESUME": False, "COMMENT": "it's"},
        ),
    ),
    (
        "alter service X unset comment,auto_resume",
        Alter(ObjectKind.SERVICE, n("X"), "UNSET", names=("COMMENT", "AUTO_RESUME")),
    ),
    (
        'alter service X from specification $$ {"spec": {}} $$',
        Alter(ObjectKind.SERVICE, n("X"), "FROM", spec=SPEC),
    ),
    (
        "CREATE SERVICE IF NOT EXISTS X\nIN COMPUTE POOL P\nFROM SPECIFICATION $$ "
        '{"spec": {}} $$\nMIN_INSTANCES = 1\nMAX_INSTANCES = 1\nAUTO_RESUME = True\n'
        "EXTERNAL_ACCESS_INTEGRATIONS = (A,B)\nQUERY_WAREHOUSE = W\nCOMMENT = 'c'\n"
        "WITH TAG (k='v',l='w')",
        CreateService(
            n("X"),
            n("P"),
            SPEC,
            if_not_exists=True,
            properties={
                "MIN_INSTANCES": 1,
                "MAX_INSTANCES": 1,
                "AUTO_RESUME": True,
                "EXTERNAL_ACCESS_INTEGRATIONS": (n("A"), n("B")),
                "QUERY_WAREHOUSE": n("W"),
                "COMMENT": "c",
            },
            tags={"K": "v", "L": "w"},
        ),
    ),
    (
        "CREATE SERVICE X\nIN COMPUTE POOL P\nFROM @D.S.STG\nSPECIFICATION_FILE = 'a/spec.yml'\n"
        "AUTO_RESUME = True\nMIN_INSTANCES = 1",
        CreateService(
            n("X"),
            n("P"),
            SpecSource(stage=StagePath(n("D", "S", "STG")), file="a/spec.yml"),
            properties={"AUTO_RESUME": True, "MIN_INSTANCES": 1},
        ),
    ),
    (
        "EXECUTE JOB SERVICE\nIN COMPUTE POOL P\nFROM SPECIFICATION $$\n{}\n$$\nNAME = D.S.J\n"
        "ASYNC = TRUE\nREPLICAS = 2",
        ExecuteJobService(
            n("P"),
            SpecSource(text="\n{}\n"),
            properties={"NAME": n("D", "S", "J"), "ASYNC": True, "REPLICAS": 2},
        ),
    ),
    (
        "create stage if not exists IDENTIFIER('D.S.STG')",
        Create(ObjectKind.STAGE, n("D", "S", "STG"), if_not_exists=True),
    ),
    (
        "put file:///tmp/spec.yml @D.S.STG/a auto_compress=false parallel=4 overwrite=True",
        Put(
            "file:///tmp/spec.yml",
            StagePath(n("D", "S", "STG"), "a"),
            {"AUTO_COMPRESS": False, "PARALLEL": 4, "OVERWRITE": True},
        ),
    ),
    (
        "put 'file:///tmp/my spec.yml' '@D.S.STG/my dir' auto_compress=false",
        Put(
            "file:///tmp/my spec.yml",
            StagePath(n("D", "S", "STG"), "my dir"),
            {"AUTO_COMPRESS": False},
        ),
    ),
    (
        "show parameters like 'event_table' in account",
        Show(ShowKind.PARAMETERS, Scope("ACCOUNT"), like="event_table"),
    ),
    ("call system$get_compute_pool_status('p')", Call("SYSTEM$GET_COMPUTE_POOL_STATUS", ("p",))),
    ("alter compute pool p stop all", Alter(ObjectKind.COMPUTE_POOL, n("P"), "STOP ALL")),
    (
        "CREATE COMPUTE POOL P\nMIN_NODES = 1\nMAX_NODES = 2\nINSTANCE_FAMILY = 'CPU_X64_XS'\n"
        "AUTO_RESUME = True\nINITIALLY_SUSPENDED = False\nAUTO_SUSPEND_SECS = 3600",
        Create(
            ObjectKind.COMPUTE_POOL,
            n("P"),
            properties={
                "MIN_NODES": 1,
                "MAX_NODES": 2,
                "INSTANCE_FAMILY": "CPU_X64_XS",
                "AUTO_RESUME": True,
                "INITIALLY_SUSPENDED": False,
                "AUTO_SUSPEND_SECS": 3600,
            },
        ),
    ),
    (
        "show images like '%a%' in image repository r",
        Show(ShowKind.IMAGES, Scope("IMAGE REPOSITORY", n("R")), like="%a%"),
    ),
    (
        "show image repositories in schema snowflake.images;",
        Show(ShowKind.IMAGE_REPOSITORIES, Scope("SCHEMA", n("SNOWFLAKE", "IMAGES"))),
    ),
    (
        "alter session set PYTHON_CONNECTOR_QUERY_RESULT_FORMAT = 'json'",
        AlterSession({"PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "json"}),
    ),
    ("use warehouse wh", Use("WAREHOUSE", n("WH"))),
]

OTHERS: list[tuple[str, Statement]] = [
    ("SHOW JOB SERVICES", Show(ShowKind.SERVICES, jobs=True)),
    (
        "SHOW SERVICES EXCLUDE JOBS LIKE 'a' IN DATABASE STARTS WITH 'B' LIMIT 5 FROM 'C' "
        "OF TYPE model, notebook",
        Show(
            ShowKind.SERVICES,
            Scope("DATABASE"),
            like="a",
            starts_with="B",
            limit=5,
            limit_from="C",
            jobs=False,
            of_type=("MODEL", "NOTEBOOK"),
        ),
    ),
    ("SHOW SERVICES IN d.s", Show(ShowKind.SERVICES, Scope("SCHEMA", n("D", "S")))),
    ("SHOW TERSE DATABASES", Show(ShowKind.DATABASES)),
    (
        "SHOW NODES IN COMPUTE POOL p",
        Show(ShowKind.NODES, Scope("COMPUTE POOL", n("P"))),
    ),
    ("SHOW COMPUTE POOL INSTANCE FAMILIES", Show(ShowKind.INSTANCE_FAMILIES)),
    ("SHOW INTEGRATIONS", Show(ShowKind.INTEGRATIONS)),
    (
        "SHOW GRANTS ON COMPUTE POOL p",
        Show(ShowKind.GRANTS, grants=("ON", Scope("COMPUTE POOL", n("P")))),
    ),
    ("SHOW GRANTS ON ACCOUNT", Show(ShowKind.GRANTS, grants=("ON", Scope("ACCOUNT")))),
    ("SHOW GRANTS TO ROLE r", Show(ShowKind.GRANTS, grants=("TO", Scope("ROLE", n("R"))))),
    ("SHOW GRANTS OF ROLE r", Show(ShowKind.GRANTS, grants=("OF", Scope("ROLE", n("R"))))),
    ("SHOW PARAMETERS IN SERVICE s", Show(ShowKind.PARAMETERS, Scope("SERVICE", n("S")))),
    ("USE d.s", Use("DATABASE", n("D", "S"))),
    ("USE SECONDARY ROLES NONE", Use("SECONDARY ROLES", n("NONE"))),
    ("DESC INTEGRATION e", Describe(ObjectKind.EXTERNAL_ACCESS_INTEGRATION, n("E"))),
    (
        'ALTER SERVICE "a b".."C" SUSPEND',
        Alter(ObjectKind.SERVICE, Name(("a b", "PUBLIC", "C"), (True, False, True)), "SUSPEND"),
    ),
    (
        "ALTER SERVICE IF EXISTS s SET TAG d.t.k = 'v', l = 'w'",
        Alter(ObjectKind.SERVICE, n("S"), "SET TAG", if_exists=True, tags={"D.T.K": "v", "L": "w"}),
    ),
    (
        "ALTER SERVICE s UNSET TAG k, l",
        Alter(ObjectKind.SERVICE, n("S"), "UNSET TAG", names=("K", "L")),
    ),
    (
        "ALTER SERVICE s FROM @stg/d SPECIFICATION_TEMPLATE_FILE = 'f' USING (a => 'x', B => 1)",
        Alter(
            ObjectKind.SERVICE,
            n("S"),
            "FROM",
            spec=SpecSource(stage=StagePath(n("STG"), "d"), file="f", using={"a": "x", "B": 1}),
        ),
    ),
    (
        "ALTER SECRET s SET COMMENT = NULL",
        Alter(ObjectKind.SECRET, n("S"), "SET", properties={"COMMENT": None}),
    ),
    (
        "ALTER IMAGE REPOSITORY r UNSET COMMENT",
        Alter(ObjectKind.IMAGE_REPOSITORY, n("R"), "UNSET", names=("COMMENT",)),
    ),
    (
        "CREATE OR REPLACE NETWORK RULE r TYPE = HOST_PORT MODE = EGRESS VALUE_LIST = ('h:443')",
        Create(
            ObjectKind.NETWORK_RULE,
            n("R"),
            or_replace=True,
            properties={
                "TYPE": n("HOST_PORT"),
                "MODE": n("EGRESS"),
                "VALUE_LIST": ("h:443",),
            },
        ),
    ),
    (
        "CREATE EXTERNAL ACCESS INTEGRATION e ALLOWED_NETWORK_RULES = (d.s.r) "
        "ALLOWED_AUTHENTICATION_SECRETS = all ENABLED = TRUE",
        Create(
            ObjectKind.EXTERNAL_ACCESS_INTEGRATION,
            n("E"),
            properties={
                "ALLOWED_NETWORK_RULES": (n("D", "S", "R"),),
                "ALLOWED_AUTHENTICATION_SECRETS": n("ALL"),
                "ENABLED": True,
            },
        ),
    ),
    (
        "CREATE STAGE s ENCRYPTION = (TYPE = 'SNOWFLAKE_SSE') DIRECTORY = (ENABLE = TRUE)",
        Create(
            ObjectKind.STAGE,
            n("S"),
            properties={"ENCRYPTION": {"TYPE": "SNOWFLAKE_SSE"}, "DIRECTORY": {"ENABLE": True}},
        ),
    ),
    (
        "CREATE WAREHOUSE w WITH WAREHOUSE_SIZE = XSMALL",
        Create(ObjectKind.WAREHOUSE, n("W"), properties={"WAREHOUSE_SIZE": n("XSMALL")}),
    ),
    (
        "GRANT USAGE, MONITOR ON COMPUTE POOL p TO ROLE r WITH GRANT OPTION",
        Grant(
            False,
            ("USAGE", "MONITOR"),
            Scope("COMPUTE POOL", n("P")),
            None,
            None,
            "ROLE",
            n("R"),
            with_grant_option=True,
        ),
    ),
    (
        "REVOKE BIND SERVICE ENDPOINT ON ACCOUNT FROM r",
        Grant(True, ("BIND SERVICE ENDPOINT",), Scope("ACCOUNT"), None, None, "ROLE", n("R")),
    ),
    (
        "GRANT ALL PRIVILEGES ON ALL SERVICES IN SCHEMA d.s TO ROLE r",
        Grant(
            False,
            ("ALL",),
            Scope("SERVICE"),
            None,
            None,
            "ROLE",
            n("R"),
            every=True,
            within=Scope("SCHEMA", n("D", "S")),
        ),
    ),
    (
        "GRANT SERVICE ROLE d.s.svc!ALL_ENDPOINTS_USAGE TO ROLE r",
        Grant(False, (), None, n("D", "S", "SVC"), "ALL_ENDPOINTS_USAGE", "ROLE", n("R")),
    ),
    ("GRANT ROLE a TO USER b", Grant(False, (), None, n("A"), None, "USER", n("B"))),
    (
        "SELECT 1 AS one, CURRENT_ROLE(), current_user, 'x' \"Y\"",
        Select(
            (
                SelectItem("ONE", literal=1),
                SelectItem("CURRENT_ROLE()", call=Call("CURRENT_ROLE")),
                SelectItem("CURRENT_USER", call=Call("CURRENT_USER")),
                SelectItem("Y", literal="x"),
            )
        ),
    ),
    (
        "SELECT * FROM TABLE(d.s.svc!SPCS_GET_LOGS(START_TIME => '2026-01-01'::TIMESTAMP_LTZ, "
        "END_TIME => TO_TIMESTAMP('2026-01-02'))) LIMIT 7",
        SelectFromService(
            Call(
                "SPCS_GET_LOGS",
                named={"START_TIME": "2026-01-01", "END_TIME": "2026-01-02"},
                service=n("D", "S", "SVC"),
            ),
            limit=7,
        ),
    ),
    (
        'SELECT "name", owner FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))',
        SelectFromResult(None, ("name", "OWNER")),
    ),
    ("select * from table(result_scan('01-ab'))", SelectFromResult("01-ab")),
    (
        'SELECT timestamp, resource_attributes:"snow.service.name"::string FROM d.s.events '
        "WHERE record_type = 'LOG' AND (scope['name'] = 'x') AND value LIKE 'a%' "
        "ORDER BY timestamp DESC, value LIMIT 3",
        SelectFromTable(
            n("D", "S", "EVENTS"),
            ("TIMESTAMP", "RESOURCE_ATTRIBUTES:snow.service.name"),
            (
                ("RECORD_TYPE", "=", "LOG"),
                ("SCOPE:name", "=", "x"),
                ("VALUE", "LIKE", "a%"),
            ),
            (("TIMESTAMP", True), ("VALUE", False)),
            3,
        ),
    ),
    ("CALL s!SPCS_WAIT_FOR('RUNNING', 10)", Call("SPCS_WAIT_FOR", ("RUNNING", 10), service=n("S"))),
    ("CALL s!SPCS_CANCEL_JOB()", Call("SPCS_CANCEL_JOB", service=n("S"))),
    ("LIST @s/a PATTERN = '.*'", ListFiles(StagePath(n("S"), "a"), ".*")),
    ("rm @s/a", RemoveFiles(StagePath(n("S"), "a"))),
    ("ALTER SESSION UNSET QUERY_TAG", AlterSession(names=("QUERY_TAG",))),
]


@pytest.mark.parametrize(("text", "statement"), [*SNOW, *OTHERS], ids=lambda case: str(case)[:40])
def test_a_statement_is_understood(text: str, statement: Statement) -> None:
    assert one(text) == statement
