from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from spcs_worker_tui.domain.errors import PrivilegeError
from spcs_worker_tui.domain.fleet import ImageSnapshot, Observation, ServiceSnapshot
from spcs_worker_tui.domain.sync import (
    ImageReference,
    SyncWord,
    image_reference,
    repositories,
    sync_word,
)
from spcs_worker_tui.domain.verdict import Sync
from support.fleet import DIGEST, IMAGE, NOW, OTHER_DIGEST, REPOSITORY, container, image, service


def word(
    of: ServiceSnapshot | None = None,
    *,
    images: tuple[ImageSnapshot, ...] = (image(),),
    **local: Any,
) -> SyncWord:
    known = {REPOSITORY: Observation(images, NOW)}
    return sync_word(replace(of or service(), **local), known.get)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (IMAGE, ImageReference(REPOSITORY, "worker", "1.4.0")),
        ("/DB/S/Repo/img", ImageReference("db/s/repo", "img", "latest")),
        ("db/s/repo/img:1", ImageReference("db/s/repo", "img", "1")),
        ("/db/s/repo/deep/img:1", ImageReference("db/s/repo", "deep/img", "1")),
        (f"/db/s/repo/img@{DIGEST}", ImageReference("db/s/repo", "img", "")),
        ("localhost:5000/db/s/repo/img:1", ImageReference("db/s/repo", "img", "1")),
        ("127.0.0.1:5000/db/s/repo/img:1", ImageReference("db/s/repo", "img", "1")),
        ("img:1", None),
        ("", None),
    ],
)
def test_an_image_taken_apart(text: str, expected: ImageReference | None) -> None:
    assert image_reference(text) == expected


def test_in_sync_says_what_was_not_compared() -> None:
    found = word()
    assert found.word is Sync.IN_SYNC
    assert "no local spec" in found.detail
    compared = word(differing_fields=())
    assert compared.word is Sync.IN_SYNC
    assert "the spec is as spcs-worker.toml has it" in compared.detail


def test_the_tag_points_at_another_image() -> None:
    found = word(images=(image(digest=OTHER_DIGEST), image("old", DIGEST)))
    assert found.word is Sync.IMAGE_BEHIND
    assert "suspend and resume will not pick it up" in found.detail
    assert "bbbbbbbbbbbb" in found.detail
    assert "no longer" not in found.detail
    assert "no longer" in word(images=(image(digest=OTHER_DIGEST),)).detail


def test_the_running_image_is_gone() -> None:
    assert word(images=()).word is Sync.IMAGE_GONE
    assert word(images=(image("other", OTHER_DIGEST),)).word is Sync.IMAGE_GONE


def test_another_image_of_the_repository_is_another_image() -> None:
    other = ImageSnapshot("api", ("1.4.0",), DIGEST, f"{REPOSITORY}/api:1.4.0")
    assert word(images=(other,)).word is Sync.IMAGE_GONE


def test_a_pinned_image_is_in_sync_while_it_is_there() -> None:
    pinned = service(containers=[container(image_name=f"/{REPOSITORY}/worker@{DIGEST}")])
    assert word(pinned).word is Sync.IN_SYNC
    assert word(pinned, images=()).word is Sync.IMAGE_GONE


def test_instances_of_different_images() -> None:
    rows = [container(0), container(1, image_digest=OTHER_DIGEST)]
    mixed = service(containers=rows)
    assert word(mixed).word is Sync.MIXED
    assert "instance 0" in word(mixed).detail
    upgrading = service(containers=rows, is_upgrading=True)
    assert word(upgrading) == SyncWord(Sync.UNKNOWN, "an upgrade is running")


def test_different_containers_may_run_different_images() -> None:
    sidecar = container(
        name="sidecar", image_name=f"/{REPOSITORY}/sidecar:2", image_digest=OTHER_DIGEST
    )
    rows = (image(), ImageSnapshot("sidecar", ("2",), OTHER_DIGEST, f"{REPOSITORY}/sidecar:2"))
    assert word(service(containers=[container(), sidecar]), images=rows).word is Sync.IN_SYNC


def test_the_local_spec() -> None:
    found = word(differing_fields=("env.A", "resources"))
    assert found.word is Sync.SPEC_DIFFERS
    assert "its specification say otherwise: env.A, resources;" in found.detail
    many = word(differing_fields=tuple("ABCDEFGHIJK"))
    assert "G, H and 3 more;" in many.detail
    behind = word(images=(image(digest=OTHER_DIGEST),), differing_fields=("env.A",))
    assert behind.word is Sync.IMAGE_BEHIND


def test_what_was_applied_here_and_altered_since_by_somebody_else() -> None:
    altered = service(applied_digest="another")
    found = word(altered)
    assert found.word is Sync.CHANGED_ELSEWHERE
    assert "altered since, from elsewhere" in found.detail
    behind = word(altered, images=(image(digest=OTHER_DIGEST),))
    assert behind.word is Sync.IMAGE_BEHIND
    assert "altered since, from elsewhere" in behind.detail


def test_what_was_applied_here_and_is_so_still() -> None:
    found = word(service(applied_digest="spec-1"))
    assert found == SyncWord(Sync.IN_SYNC, "the image is current; the spec is the one applied here")


def test_a_suspended_service_is_what_its_spec_is_pinned_to() -> None:
    suspended = service(status="SUSPENDED")
    assert repositories(suspended) == (REPOSITORY,)
    assert word(suspended).word is Sync.IN_SYNC
    behind = word(suspended, images=(image(digest=OTHER_DIGEST), image("old", DIGEST)))
    assert behind.word is Sync.IMAGE_BEHIND
    assert "is deployed; suspend and resume will not pick it up" in behind.detail
    assert word(suspended, images=()).word is Sync.IMAGE_GONE


def test_a_container_that_was_not_pulled_yet_is_what_its_spec_is_pinned_to() -> None:
    pulling = service(containers=[container(image_digest="")])
    assert word(pulling).word is Sync.IN_SYNC
    assert word(pulling, images=(image(digest=OTHER_DIGEST),)).word is Sync.IMAGE_BEHIND


def test_what_is_missing_is_said() -> None:
    unread_spec = word(service(status="SUSPENDED", spec=Observation(None)))
    assert (unread_spec.word, "no container" in unread_spec.detail) == (Sync.UNKNOWN, True)
    unread = sync_word(service(), {}.get)
    assert (unread.word, REPOSITORY in unread.detail) == (Sync.UNKNOWN, True)
    refused: Observation[tuple[ImageSnapshot, ...]] = Observation(
        (), None, PrivilegeError("no READ on it", errno=3001)
    )
    assert "no READ on it" in sync_word(service(), lambda _: refused).detail
    nowhere = word(service(containers=[container(image_name="busybox")]))
    assert "busybox names no repository" in nowhere.detail
