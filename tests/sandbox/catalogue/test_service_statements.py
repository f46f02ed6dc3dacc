"""CREATE, ALTER and DROP SERVICE (contract 1.7 to 1.9)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from spcs_worker_tui.sandbox.catalogue.model import Grants, Image, Instance, StagedFile
from support.catalogue import DIGEST, START, Lab, add_service

SPEC = '{"spec": {"containers": [{"name": "worker", "image": "/d/s/repo/worker:1.0"}]}}'
CREATE = f"CREATE SERVICE svc IN COMPUTE POOL p FROM SPECIFICATION $${SPEC}$$"
PUBLIC = SPEC[:-2] + ', "endpoints": [{"name": "web", "port": 80, "public": true}]}}'
NEWER = "sha256:" + "2" * 64


def with_secret(entry: str) -> str:
    return f'{CREATE.partition("$$")[0]}$${SPEC[:-4]}, "secrets": [{entry}]}}]}}}}$$'


async def test_created_with_the_defaults_of_the_contract(lab: Lab) -> None:
    answer = await lab.sql(CREATE)
    assert answer.rows == (("Service SVC successfully created.",),)
    (row,) = await lab.asked("SHOW SERVICES")
    wanted = {
        "status": "PENDING",
        "owner": "DEPLOYER",
        "compute_pool": "P",
        "min_ready_instances": 1,
        "min_instances": 1,
        "max_instances": 1,
        "auto_resume": True,
        "external_access_integrations": None,
        "created_on": START,
        "updated_on": START,
        "resumed_on": None,
        "suspended_on": None,
        "auto_suspend_secs": 0,
        "comment": None,
        "query_warehouse": None,
        "is_job": False,
        "is_async_job": False,
        "is_upgrading": False,
    }
    assert {name: row[name] for name in wanted} == wanted
    assert lab.platform.wakes == 1
    assert lab.service().digests == {"worker": DIGEST}


async def test_describe_expands_the_image_and_shows_its_digest(lab: Lab) -> None:
    await lab.sql(CREATE)
    (row,) = await lab.asked("DESCRIBE SERVICE IDENTIFIER('svc')")
    host = "acme-main-site.registry.snowflakecomputing.com"
    assert f'image: "{host}/d/s/repo/worker:1.0"\n    sha256: "@{DIGEST}"' in str(row["spec"])


@pytest.mark.parametrize(
    "image",
    [
        "/D/S/Repo/worker:1.0",
        "d/s/repo/worker:1.0",
        "acme-main-site.registry.snowflakecomputing.com/d/s/repo/worker:1.0",
        "/d/s/repo/worker",
        f"/d/s/repo/worker@{DIGEST}",
    ],
)
async def test_ways_to_name_an_image(lab: Lab, image: str) -> None:
    await lab.sql(CREATE.replace("/d/s/repo/worker:1.0", image))
    assert lab.service().digests == {"worker": DIGEST}


@pytest.mark.parametrize(
    "image",
    [
        "/d/s/repo/worker:2.0",
        "/d/s/gone/worker:1.0",
        "worker:1.0",
        "docker.io/d/s/repo/worker:1.0",
        "/d/s/repo/wor ker:1.0",
        f"/d/s/repo/worker@{NEWER}",
    ],
)
async def test_images_that_are_not_there(lab: Lab, image: str) -> None:
    refused = await lab.refusal(CREATE.replace("/d/s/repo/worker:1.0", image))
    assert refused.code == "395018"
    assert not lab.account.services


async def test_create_again(lab: Lab) -> None:
    await lab.sql(CREATE)
    assert (await lab.refusal(CREATE)).code == "002002"
    answer = await lab.sql(CREATE.replace("SERVICE", "SERVICE IF NOT EXISTS", 1))
    assert answer.rows == (("SVC already exists, statement succeeded.",),)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("MIN_INSTANCES = 0", "001008"),
        ("MIN_INSTANCES = 'two'", "001008"),
        ("MIN_INSTANCES = 2 MAX_INSTANCES = 1", "001008"),
        ("MIN_READY_INSTANCES = 2", "001008"),
        ("AUTO_RESUME = 1", "001008"),
        ("AUTO_SUSPEND_SECS = 299", "001008"),
        ("LOG_LEVEL = 'LOUD'", "001008"),
        ("COMMENT = 1", "001008"),
        ("QUERY_WAREHOUSE = gone", "002003"),
        ("EXTERNAL_ACCESS_INTEGRATIONS = (gone)", "002003"),
    ],
)
async def test_properties_that_cannot_be(lab: Lab, options: str, code: str) -> None:
    assert (await lab.refusal(f"{CREATE} {options}")).code == code
    assert not lab.account.services


async def test_names_of_integrations_are_compared_with_case(lab: Lab) -> None:
    await lab.sql(
        "CREATE NETWORK RULE r TYPE = HOST_PORT MODE = EGRESS VALUE_LIST = ('a.example');"
        "USE ROLE ACCOUNTADMIN;"
        "CREATE EXTERNAL ACCESS INTEGRATION eai ALLOWED_NETWORK_RULES = (r) ENABLED = TRUE;"
        "USE ROLE DEPLOYER"
    )
    both = f"{CREATE} EXTERNAL_ACCESS_INTEGRATIONS = (EAI)"
    assert (await lab.refusal(both)).code == "002003"
    lab.allow("DEPLOYER", lab.account.integrations["EAI"].grants)
    assert (await lab.refusal(both.replace("EAI", "eai"))).code == "002003"
    await lab.sql(both)
    (row,) = await lab.asked("SHOW SERVICES")
    assert row["external_access_integrations"] == '["EAI"]'


@pytest.mark.parametrize("name", ['"lower"', '"with space"', "a" * 64])
async def test_names_that_services_cannot_have(lab: Lab, name: str) -> None:
    assert (await lab.refusal(CREATE.replace("svc", name, 1))).code in ("000904", "395000")


async def test_secrets_have_to_be_there_and_readable(lab: Lab) -> None:
    by_name = '{"snowflakeSecret": "k", "secretKeyRef": "secret_string", "envVarName": "KEY"}'
    assert (await lab.refusal(with_secret(by_name))).code == "002003"
    await lab.sql("CREATE SECRET k TYPE = GENERIC_STRING SECRET_STRING = 'hush'")
    await lab.sql(with_secret(by_name))
    secret = lab.account.secrets["D", "S", "K"]
    del lab.account.services["D", "S", "SVC"]
    secret.grants.owner = "ACCOUNTADMIN"
    assert (await lab.refusal(with_secret(by_name))).code == "002003"
    lab.allow("DEPLOYER", secret.grants, privilege="USAGE")
    assert (await lab.refusal(with_secret(by_name))).code == "003001"
    lab.allow("DEPLOYER", secret.grants, privilege="READ")
    await lab.sql(with_secret(by_name))


@pytest.mark.parametrize(
    "entry",
    [
        '{"snowflakeSecret": "k", "secretKeyRef": "password", "envVarName": "KEY"}',
        '{"snowflakeSecret": "k", "envVarName": "KEY"}',
        '{"snowflakeSecret": {"objectReference": "k"}, "directoryPath": "/s"}',
    ],
)
async def test_secrets_that_do_not_go_with_their_type(lab: Lab, entry: str) -> None:
    await lab.sql("CREATE SECRET k TYPE = GENERIC_STRING SECRET_STRING = 'hush'")
    assert (await lab.refusal(with_secret(entry))).code == "395018"


async def test_public_endpoints_need_a_privilege_on_the_account(lab: Lab) -> None:
    create = CREATE.replace(SPEC, PUBLIC)
    assert (await lab.refusal(create)).code == "003001"
    lab.allow("DEPLOYER", lab.account.grants, privilege="BIND SERVICE ENDPOINT")
    assert (await lab.refusal(f"{create} AUTO_SUSPEND_SECS = 300")).sqlstate == "22023"
    await lab.sql(create)
    (row,) = await lab.asked("SHOW ENDPOINTS IN SERVICE svc")
    assert "provisioning in progress" in str(row["ingress_url"])
    lab.service().status = "RUNNING"
    (row,) = await lab.asked("SHOW ENDPOINTS IN SERVICE svc")
    host = str(row["ingress_url"])
    assert host.endswith("-acme-main-site.snowflakecomputing.app")
    await lab.sql(f"ALTER SERVICE svc FROM SPECIFICATION $${PUBLIC}$$")
    (row,) = await lab.asked("SHOW ENDPOINTS IN SERVICE svc")
    assert row["ingress_url"] == host


async def test_specifications_from_a_stage(lab: Lab) -> None:
    await lab.sql("CREATE STAGE st")
    files = lab.account.stages["D", "S", "ST"].files
    staged = "CREATE SERVICE svc IN COMPUTE POOL p FROM @st/dir SPECIFICATION_FILE = 'spec.yaml'"
    assert (await lab.refusal(staged)).code == "395069"
    files["dir/spec.yaml"] = StagedFile("dir/spec.yaml", b"\x1f\x8b\xff", "", START)
    assert (await lab.refusal(staged)).code == "395018"
    template = SPEC.replace("1.0", "{{ tag }}").encode()
    files["dir/spec.yaml"] = StagedFile("dir/spec.yaml", template, "", START)
    rendered = staged.replace("SPECIFICATION_FILE", "SPECIFICATION_TEMPLATE_FILE")
    assert (await lab.refusal(f"{rendered} USING (other => 1)")).code == "395069"
    await lab.sql(f"{rendered} USING (tag => '1.0')")


async def test_suspend_and_resume_keep_what_the_contract_says(lab: Lab) -> None:
    service = add_service(lab)
    await lab.platform.clock.advance(60)
    answer = await lab.sql("alter service svc suspend;")
    assert answer.rows == (("Statement executed successfully.",),)
    suspended_on = START + timedelta(seconds=60)
    assert (service.suspended, service.suspended_on) == (True, suspended_on)
    await lab.platform.clock.advance(60)
    await lab.sql("alter service svc suspend")  # accepted, and changes nothing
    await lab.sql("alter service svc resume")
    assert (service.suspended, service.suspended_on) == (False, suspended_on)
    assert service.resumed_on == service.updated_on == START + timedelta(seconds=120)
    assert lab.platform.wakes == 3


async def test_only_from_looks_a_tag_up_again(lab: Lab) -> None:
    await lab.sql(CREATE)
    service = lab.service()
    before = service.spec_digest
    images = lab.account.image_repositories["D", "S", "REPO"].images
    images[0].tags.remove("1.0")
    images.append(Image("worker", {"1.0"}, NEWER, START))
    await lab.sql("ALTER SERVICE svc SUSPEND; ALTER SERVICE svc RESUME")
    assert (service.digests, service.spec_digest) == ({"worker": DIGEST}, before)
    await lab.sql(f"ALTER SERVICE svc FROM SPECIFICATION $${SPEC}$$")
    assert service.digests == {"worker": NEWER}
    after = service.spec_digest
    assert after != before
    await lab.sql(f"ALTER SERVICE svc FROM SPECIFICATION $${SPEC}$$")
    assert service.spec_digest != after


async def test_from_needs_operate_and_the_owners_rights(lab: Lab) -> None:
    await lab.sql(CREATE)
    lab.open_schema("WATCHER")
    alter = f"ALTER SERVICE svc FROM SPECIFICATION $${SPEC}$$"
    assert (await lab.refusal(alter, role="WATCHER")).code == "002003"
    lab.allow("WATCHER", lab.service().grants, privilege="MONITOR")
    assert (await lab.refusal(alter, role="WATCHER")).code == "003001"
    lab.allow("WATCHER", lab.service().grants, privilege="OPERATE")
    await lab.sql(alter, role="WATCHER")


async def test_a_refused_change_changes_nothing(lab: Lab) -> None:
    await lab.sql(CREATE)
    service = lab.service()
    kept = (service.spec_digest, service.updated_on, service.min_instances, service.comment)
    for change in (
        "FROM SPECIFICATION $$spec: {}$$",
        "SET COMMENT = 'new' MIN_INSTANCES = 5",
        "SET MAX_INSTANCES = 2 QUERY_WAREHOUSE = gone",
    ):
        await lab.refusal(f"ALTER SERVICE svc {change}")
    assert kept == (
        service.spec_digest,
        service.updated_on,
        service.min_instances,
        service.comment,
    )
    assert service.max_instances == 1


async def test_set_and_unset(lab: Lab) -> None:
    await lab.sql(CREATE)
    await lab.sql(
        "ALTER SERVICE svc SET MIN_INSTANCES = 2 MAX_INSTANCES = 3 MIN_READY_INSTANCES = 2 "
        "AUTO_RESUME = False AUTO_SUSPEND_SECS = 600 COMMENT = 'hi' LOG_LEVEL = 'info' "
        "QUERY_WAREHOUSE = compute_wh"
    )
    (row,) = await lab.asked("SHOW SERVICES")
    changed = {
        "min_instances": 2,
        "max_instances": 3,
        "min_ready_instances": 2,
        "auto_resume": False,
        "auto_suspend_secs": 600,
        "comment": "hi",
        "query_warehouse": "COMPUTE_WH",
    }
    assert {name: row[name] for name in changed} == changed
    await lab.sql("ALTER SERVICE svc SET MIN_INSTANCES = 1")
    assert lab.service().min_ready_instances == 1
    await lab.sql(f"ALTER SERVICE svc UNSET {', '.join(changed)}")
    (row,) = await lab.asked("SHOW SERVICES")
    assert {name: row[name] for name in changed} == {
        "min_instances": 1,
        "max_instances": 1,
        "min_ready_instances": 1,
        "auto_resume": True,
        "auto_suspend_secs": 0,
        "comment": None,
        "query_warehouse": None,
    }


async def test_drop(lab: Lab) -> None:
    service = add_service(lab)
    assert (await lab.sql("DROP SERVICE svc")).rows == (("SVC successfully dropped.",),)
    assert service.dropped
    assert (await lab.refusal("DROP SERVICE svc")).code == "002003"
    assert (await lab.refusal("ALTER SERVICE svc RESUME")).code == "002003"
    # Its name is free only when its instances have ended.
    assert (await lab.refusal(CREATE)).code == "002002"
    missing = (("Drop statement executed successfully (NONE already dropped).",),)
    assert (await lab.sql("DROP SERVICE IF EXISTS none")).rows == missing


async def test_block_volumes_make_drop_need_force(lab: Lab) -> None:
    volume = {"name": "v", "source": "block", "size": "1Gi"}
    service = add_service(lab)
    service.spec["spec"]["volumes"] = [volume]
    assert (await lab.refusal("DROP SERVICE svc")).sqlstate == "22023"
    await lab.sql("DROP SERVICE svc FORCE")


async def test_instances_as_rows(lab: Lab) -> None:
    service = add_service(lab, status="RUNNING")
    service.instances.append(Instance(0, "d" * 64, START, "READY", START, "127.64.0.1", "n"))
    (row,) = await lab.asked("SHOW SERVICE INSTANCES IN SERVICE svc")
    assert list(row.values())[3:] == [
        "RUNNING",
        "0",
        "READY",
        "d" * 64,
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z",
        "127.64.0.1",
    ]


async def test_the_dns_name(lab: Lab) -> None:
    add_service(lab, "MY_SVC")
    (row,) = await lab.asked("SHOW SERVICES")
    domain = lab.account.databases["D"].schemas["S"].dns_hash
    assert row["dns_name"] == f"my-svc.{domain}.svc.spcs.internal"


async def test_the_code_for_a_missing_image_can_be_chosen(lab: Lab) -> None:
    lab.executor._missing_image_code = "397012"
    assert (await lab.refusal(CREATE.replace(":1.0", ":9"))).code == "397012"


async def test_a_pool_that_the_role_may_not_use(lab: Lab) -> None:
    lab.account.compute_pools["P"].grants = Grants("ACCOUNTADMIN", {"DEPLOYER": {"MONITOR"}})
    assert (await lab.refusal(CREATE)).code == "003001"
