"""The rules of doctor, where only values are needed to see what they say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from spcs_worker_tui.domain.account import (
    AccessIntegration,
    InstanceFamily,
    NetworkRule,
    ObjectName,
    PoolTrouble,
)
from spcs_worker_tui.domain.doctor import Cure, Finding, Outcome, worst
from spcs_worker_tui.domain.doctor_connections import not_signed_in
from spcs_worker_tui.domain.doctor_egress import Egress, destination, judge_egress, with_hosts
from spcs_worker_tui.domain.doctor_images import judge_platform
from spcs_worker_tui.domain.doctor_pools import PoolFacts, judge_pool, requested
from spcs_worker_tui.domain.doctor_prefect import judge_missing_pool
from spcs_worker_tui.domain.doctor_privileges import PRIVILEGES, judge_privileges, needs_to_look
from spcs_worker_tui.domain.doctor_secrets import judge_secrets
from spcs_worker_tui.domain.doctor_spec import (
    judge_auto_suspend,
    judge_endpoints,
    judge_probes,
    judge_variables,
)
from spcs_worker_tui.domain.errors import KeyMissingError
from spcs_worker_tui.domain.fleet import ComputePoolSnapshot, ComputePoolState, ContainerStatus
from spcs_worker_tui.domain.keys import KeyKind, KeyName
from spcs_worker_tui.domain.prefect import WorkPoolKey
from spcs_worker_tui.domain.secret_objects import SecretName, SecretObject
from spcs_worker_tui.domain.spec_document import SpecDocument
from spcs_worker_tui.domain.spec_edits import with_probe, without_endpoint
from spcs_worker_tui.domain.verdict import Health
from support.patients import SPEC
from support.workloads import KEY, NOTHING, NOW, container, held, quote, workload

FAILING = "Readiness probe is failing at path: /health, port: 8080"
OTHER = "spec: {containers: [{name: api, image: /d/s/repo/api:1, env: {TOKEN: swordfish9}}]}"
RULE = ObjectName("D", "S", "RULE")


def outcomes(findings: Any) -> list[tuple[str, Outcome]]:
    return [(finding.check.id, finding.outcome) for finding in findings]


def test_the_worst_of_all_is_the_word() -> None:
    def of(*found: Outcome) -> Health:
        return worst(Finding(PRIVILEGES, "x", outcome, "") for outcome in found)

    assert of() is Health.HEALTHY
    assert of(Outcome.OK, Outcome.NOTICE) is Health.DEGRADED
    assert of(Outcome.NOTICE, Outcome.UNKNOWN) is Health.UNKNOWN
    assert of(Outcome.UNKNOWN, Outcome.PROBLEM, Outcome.OK) is Health.BROKEN


def test_what_is_copied_of_a_cure_is_closed() -> None:
    assert Cure("Do it.", ("SELECT 1",), ("ls",)).lines == ("SELECT 1;", "ls")


@pytest.mark.parametrize(
    ("age", "outcome"),
    [(timedelta(seconds=30), Outcome.NOTICE), (timedelta(hours=1), Outcome.PROBLEM)],
)
def test_a_probe_that_fails_while_the_container_starts_is_not_yet_a_problem(
    age: timedelta, outcome: Outcome
) -> None:
    one = workload(containers=(container(message=FAILING, start_time=NOW - age),))
    assert outcomes(judge_probes(one)) == [("readiness-probe", outcome)]


def test_where_an_unknown_image_answers_is_not_guessed() -> None:
    one = workload(SPEC.replace("spcs-worker", "prefect-worker").replace("8080", "9000"))
    assert outcomes(judge_probes(one)) == [("readiness-probe", Outcome.OK)]


def test_a_worker_with_a_health_check_answers_at_the_default_port() -> None:
    line = "command: [prefect, worker, start, --pool, spcs, --with-healthcheck]"
    spec = SPEC.replace("    readinessProbe", f"    {line}\n    readinessProbe")
    (well,) = judge_probes(workload(spec))
    (wrong,) = judge_probes(workload(spec.replace("port: 8080", "port: 80")))
    assert well.outcome is Outcome.OK
    assert "answers at port 8080" in wrong.text


def test_what_is_no_worker_may_suspend_itself_and_be_public() -> None:
    spec = OTHER.replace("}]}", "}], endpoints: [{name: web, port: 80, public: true}]}")
    one = workload(spec)
    assert one.binding is None
    assert not [*judge_auto_suspend(one, quote), *judge_endpoints(one), *judge_probes(one)]
    assert outcomes(judge_variables(one)) == [("plain-key", Outcome.PROBLEM)]


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://api.prefect.cloud/api/accounts/a", "api.prefect.cloud:443"),
        ("http://prefect.example:4200/api", "prefect.example:4200"),
        ("http://prefect.example/api", "prefect.example:80"),
        ("https://prefect.example:99999/api", ""),
        ("prefect.example/api", ""),
        ("", ""),
        ("https://a'); DROP DATABASE D; --/api", ""),
        ("https://user:pass@prefect.example/api", "prefect.example:443"),
        ("https://[::1]/api", ""),
    ],
)
def test_host_and_port_of_an_api(url: str, wanted: str) -> None:
    assert destination(url) == wanted


def egress(*hosts: str) -> Egress:
    integration = AccessIntegration("OUT", True, (RULE,))
    return Egress({"OUT": integration}, {RULE: NetworkRule(RULE, hosts=hosts)}, NOTHING)


def test_a_wildcard_may_not_be_enough() -> None:
    one = workload(
        SPEC.replace("https://localhost", "https://api.prefect.cloud"), integrations=("OUT",)
    )
    finding = list(judge_egress(one, egress("*.prefect.cloud"), quote))[-1]
    assert finding.outcome is Outcome.NOTICE
    assert finding.cure is not None
    assert "'api.prefect.cloud:443'" in finding.cure.statements[0]


def test_a_prefect_server_in_the_same_account_needs_no_integration() -> None:
    inside = "http://prefect.k3m6.svc.spcs.internal:4200"
    one = workload(SPEC.replace("https://localhost", inside))
    assert outcomes(judge_egress(one, egress(), quote)) == [("external-access", Outcome.OK)]


def test_a_host_that_only_ends_alike_is_another_host() -> None:
    one = workload(
        SPEC.replace("https://localhost", "https://evil-prefect.cloud"), integrations=("OUT",)
    )
    for hosts in (("*.prefect.cloud",), ("prefect.cloud",)):
        assert ("network-rule", Outcome.PROBLEM) in outcomes(
            judge_egress(one, egress(*hosts), quote)
        )


def test_hosts_of_somebody_elses_rule_are_unknown_unless_the_worker_is_up() -> None:
    hidden = Egress({"OUT": AccessIntegration("OUT", True, (RULE,))}, {RULE: None}, NOTHING)
    one = workload(integrations=("OUT",))
    up = workload(integrations=("OUT",), containers=(container(ContainerStatus.READY),))
    assert ("network-rule", Outcome.UNKNOWN) in outcomes(judge_egress(one, hidden, quote))
    assert ("network-rule", Outcome.OK) in outcomes(judge_egress(up, hidden, quote))


def pool(**changes: Any) -> ComputePoolSnapshot:
    values: dict[str, Any] = {"max_nodes": 2, "active_nodes": 1, **changes}
    return ComputePoolSnapshot("P", values.pop("state", ComputePoolState.ACTIVE), "F", **values)


@pytest.mark.parametrize(
    ("code", "nodes", "message", "outcome", "text"),
    [
        ("", 1, "", Outcome.OK, "1 of at most 2 nodes are up"),
        ("392507", 1, "", Outcome.PROBLEM, "the cloud has no F nodes"),
        ("392508", 2, "", Outcome.PROBLEM, "is full"),
        ("", 2, "Unschedulable due to insufficient CPU resources", Outcome.PROBLEM, "is full"),
        ("", 1, "Unschedulable due to insufficient CPU resources", Outcome.NOTICE, "no room yet"),
        ("392599", 1, "", Outcome.PROBLEM, "reports error 392599: said"),
    ],
)
def test_room_on_a_pool(code: str, nodes: int, message: str, outcome: Outcome, text: str) -> None:
    facts = PoolFacts("P", pool(active_nodes=nodes), PoolTrouble(code, "said"))
    one = workload(containers=(container(message=message),))
    found = next(f for f in judge_pool(one, facts, quote) if f.check.id == "compute-pool-capacity")
    assert found.outcome is outcome
    assert text in found.text


def test_what_an_instance_requests_by_default() -> None:
    bare = workload(
        "spec: {containers: [{name: a, image: /d/s/r/a:1}, {name: b, image: /d/s/r/b:1}]}"
    )
    limited = workload(
        "spec: {containers: [{name: a, image: /d/s/r/a:1, "
        "resources: {limits: {cpu: 2, memory: 3Gi}}}]}"
    )
    assert requested(bare) == (1, 2**30)
    assert requested(limited) == (2, 3 * 2**30)


@pytest.mark.parametrize(("vcpu", "outcome"), [(1, Outcome.OK), (0, Outcome.PROBLEM)])
def test_an_instance_has_to_fit_on_one_node(vcpu: int, outcome: Outcome) -> None:
    facts = PoolFacts("P", pool(), PoolTrouble(), InstanceFamily("F", vcpu, 6))
    assert ("compute-pool-family", outcome) in outcomes(judge_pool(workload(), facts, quote))


def test_a_reference_of_a_native_app_names_no_secret() -> None:
    spec = SPEC.replace("{objectName: D.S.PREFECT_API_KEY}", "{objectReference: KEY}")
    assert not list(judge_secrets(workload(spec), (), NOTHING, quote))


def test_a_secret_that_several_containers_use_is_said_once() -> None:
    two = SPEC + SPEC.split("  containers:\n")[1].replace("name: worker", "name: second")
    assert len(list(judge_secrets(workload(two), (), NOTHING, quote))) == 1


def test_what_another_role_may_read_is_not_judged_from_here() -> None:
    secret = SecretObject(SecretName("D", "S", "PREFECT_API_KEY"), "GENERIC_STRING")
    (finding,) = judge_secrets(workload(owner="SOMEBODY"), (secret,), NOTHING, quote)
    assert finding.outcome is Outcome.OK


def test_whoever_owns_a_secret_can_let_the_service_read_it() -> None:
    secret = SecretObject(SecretName("D", "S", "PREFECT_API_KEY"), "GENERIC_STRING")
    mine = held(("OWNERSHIP", "SECRET", "D.S.PREFECT_API_KEY"))
    (well,) = judge_secrets(workload(), (secret,), mine, quote)
    (bad,) = judge_secrets(workload(), (secret,), NOTHING, quote)
    assert (well.outcome, bad.outcome) == (Outcome.OK, Outcome.PROBLEM)
    assert bad.fix is None


def test_names_in_a_grant_are_quoted() -> None:
    one = workload()
    service = one.service
    assert service is not None
    needs = needs_to_look([service], NOTHING, quote)
    found = list(judge_privileges("dev", "my role", needs, NOTHING, quote))
    assert found[0].cure is not None
    assert found[0].cure.statements == ('GRANT MONITOR ON SERVICE D.S.WORKER TO ROLE "my role"',)


def test_a_role_that_only_looks_is_not_asked_to_operate() -> None:
    service = workload().service
    assert service is not None
    looks = held(("MONITOR", "SERVICE", "D.S.WORKER"), ("MONITOR", "COMPUTE POOL", "P"))
    needs = needs_to_look([service], looks, quote)
    assert outcomes(judge_privileges("dev", "R", needs, looks, quote)) == [
        ("privileges", Outcome.OK)
    ]


TREE = {
    "spec": {
        "containers": [
            {"name": "a", "readinessProbe": {"port": 1, "path": "/", "periodSeconds": 9}}
        ],
        "endpoints": [{"name": "web", "port": 80, "public": True}, {"name": "in", "port": 81}],
    },
    "serviceRoles": [
        {"name": "all", "endpoints": ["web", "in"]},
        {"name": "one", "endpoints": ["web"]},
    ],
}


def test_a_probe_is_changed_or_taken_out_and_nothing_else() -> None:
    document = SpecDocument(TREE)
    (changed,) = with_probe(document, "a", 8080, "/health").tree["spec"]["containers"]
    (without,) = with_probe(document, "a", 0, "").tree["spec"]["containers"]
    assert changed["readinessProbe"] == {"port": 8080, "path": "/health", "periodSeconds": 9}
    assert without == {"name": "a"}
    assert document.tree["spec"]["containers"][0]["readinessProbe"]["port"] == 1


def test_an_endpoint_goes_with_what_service_roles_say_of_it() -> None:
    left = without_endpoint(SpecDocument(TREE), "web").tree
    assert left["spec"]["endpoints"] == [{"name": "in", "port": 81}]
    assert left["serviceRoles"] == [{"name": "all", "endpoints": ["in"]}]
    bare = without_endpoint(SpecDocument(left), "in").tree
    assert "endpoints" not in bare["spec"]
    assert "serviceRoles" not in bare


def test_findings_lead_back_to_their_service() -> None:
    (finding,) = judge_variables(workload())
    assert (finding.service, finding.connection, finding.subject) == (KEY, "dev", "D.S.WORKER")


def test_what_is_no_host_never_gets_into_a_statement() -> None:
    hosts = ("a.example:443", "b'); DROP DATABASE D; --", "*.c.example")
    assert with_hosts(RULE, hosts, quote) == (
        "ALTER NETWORK RULE D.S.RULE SET VALUE_LIST = ('a.example:443', '*.c.example')"
    )


def test_commands_can_be_pasted_whatever_names_are_like() -> None:
    finding = not_signed_in(
        "a; rm -rf ~", KeyMissingError("no password", key=KeyName("x", KeyKind.PASSWORD))
    )
    assert finding.cure is not None
    assert finding.cure.commands == ("spcs-worker-tui keys set 'a; rm -rf ~'",)


@pytest.mark.parametrize(
    ("platforms", "family", "outcome"),
    [
        (["linux/amd64"], "CPU_X64_S", Outcome.OK),
        (["linux/arm64", "linux/amd64"], "", Outcome.OK),
        (["linux/arm64"], "CPU_X64_S", Outcome.PROBLEM),
        (["linux/arm64"], "GEN_ARM_G1_2", Outcome.OK),
        (["linux/amd64"], "GEN_ARM_G1_2", Outcome.PROBLEM),
        ([], "CPU_X64_S", Outcome.UNKNOWN),
    ],
)
def test_what_an_image_has_to_be_for(platforms: list[str], family: str, outcome: Outcome) -> None:
    finding = judge_platform(workload(), "worker", platforms, family)
    assert finding.outcome is outcome
    assert (finding.cure is None) is (outcome is Outcome.OK)


def test_a_work_pool_with_an_odd_name_cannot_be_pasted_as_a_command_of_its_own() -> None:
    finding = judge_missing_pool(WorkPoolKey("https://x/api", "a; rm -rf ~"))
    assert finding.cure is not None
    assert finding.cure.commands == ("spcs-worker-tui pool create 'a; rm -rf ~'",)
