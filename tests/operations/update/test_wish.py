"""What an environment's settings make of a specification."""

from __future__ import annotations

from spcs_worker_tui.domain.settings import ResourceAmounts
from spcs_worker_tui.domain.spec_document import SpecDocument
from spcs_worker_tui.operations.update import wish_for
from support.project_file import environment
from support.updating import document

ENVIRONMENT = environment(
    image="worker",
    external_access_integrations=("OUT",),
    min_instances=2,
    max_instances=3,
    work_pool="other",
    prefect_api_url="https://prefect.example.com/api",
    variables={"NEW": "1"},
    secrets={"LEVEL": "D.S.LEVEL"},
    resources=ResourceAmounts(requests={"cpu": "1"}, limits={"memory": "4Gi"}),
)


def wished() -> SpecDocument:
    found = wish_for(ENVIRONMENT, document()).document
    assert found is not None
    return found


def test_variables_secrets_and_resources_are_the_environments() -> None:
    assert {v.name: v.shown for v in wished().variables()} == {
        "PREFECT_API_URL": "https://prefect.example.com/api",
        "PREFECT_WORK_POOL": "other",
        "NEW": "1",
        "LEVEL": "secret D.S.LEVEL",
    }
    container = wished().tree["spec"]["containers"][0]
    assert container["resources"] == {"limits": {"memory": "4Gi"}, "requests": {"cpu": "1"}}


def test_what_a_new_service_is_created_with() -> None:
    wish = wish_for(ENVIRONMENT, document(), image="2.0", why="because")
    assert wish.creation is not None
    assert (wish.creation.min_instances, wish.creation.max_instances) == (2, 3)
    assert wish.creation.external_access_integrations == wish.integrations == ("OUT",)
    assert (wish.image, wish.image_name, wish.why) == ("2.0", "/d/s/repo/worker", "because")


def test_only_a_constant_tag_is_one_to_fall_back_on() -> None:
    assert wish_for(ENVIRONMENT, document()).fallback_tag == ""
