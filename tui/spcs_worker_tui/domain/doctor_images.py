"""Checks on the images of a service: where they are, whether they still are, and for what CPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from spcs_worker_tui.domain.doctor import Area, Check, Cure, Finding, Outcome, shell
from spcs_worker_tui.domain.doctor_facts import Quote, Workload, grant
from spcs_worker_tui.domain.doctor_pools import ARM
from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.sync import ImageReference, image_reference

if TYPE_CHECKING:
    from spcs_worker_tui.domain.account import Privileges, RepositoryObject
    from spcs_worker_tui.domain.fleet import ImageSnapshot

REPOSITORY = Check("image-repository", "The image repository is there", Area.SERVICE)
IMAGE = Check("image-present", "The deployed image is still in its repository", Area.SERVICE)
PLATFORM = Check("image-platform", "The image is for the CPUs of the pool", Area.SERVICE)

CHECKS = (REPOSITORY, IMAGE, PLATFORM)

DEPLOY = "spcs-worker-tui deploy"
AMD64 = "linux/amd64"
ARM64 = "linux/arm64"
_SHORT = 19
"""`sha256:` and twelve digits."""


class ImageInspector(Protocol):
    """A registry, asked what an image is for."""

    async def platforms(self, url: str, image: str, reference: str) -> Sequence[str]:
        """`linux/amd64` …, of every platform that it has.

        Args:
            url: `host/db/schema/repository`.
            image: Its name in the repository.
            reference: A tag, or `sha256:…`.

        Raises:
            FleetError: It cannot be read.
        """


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What is known of the images of one account.

    Attributes:
        repositories: Those that the role sees, by `db/schema/repository` in lower case.
        images: By the same; a `FleetError` where they cannot be listed.
        family: Of the compute pool's nodes, empty where that is not known.
    """

    repositories: Mapping[str, RepositoryObject]
    images: Mapping[str, Sequence[ImageSnapshot] | FleetError]
    family: str = ""


def references(workload: Workload) -> dict[str, ImageReference]:
    """Container to its image, those left out that are of no repository of the account."""
    found = {name: image_reference(image) for name, image in workload.document.images.items()}
    return {name: reference for name, reference in found.items() if reference is not None}


def judge_images(
    workload: Workload, facts: ImageFacts, held: Privileges, quote: Quote
) -> Iterator[Finding]:
    """Repository and image of each container."""
    told: set[str] = set()
    for container, reference in references(workload).items():
        listed = facts.images.get(reference.repository)
        if reference.repository not in facts.repositories or isinstance(listed, FleetError):
            if reference.repository not in told:
                told.add(reference.repository)
                yield _no_repository(workload, reference, facts, held, quote)
            continue
        if reference.repository not in told:
            told.add(reference.repository)
            text = f"image repository {reference.repository} is there"
            yield workload.finding(REPOSITORY, Outcome.OK, text)
        if container == workload.undecided:
            continue
        found = image_of(workload, container, reference, facts)
        yield _image(workload, container, reference, found, listed or ())


def _no_repository(
    workload: Workload, reference: ImageReference, facts: ImageFacts, held: Privileges, quote: Quote
) -> Finding:
    name = quote(*reference.repository.upper().split("/"))
    connection = workload.key.connection
    is_there = reference.repository in facts.repositories
    statement, fix = grant(
        "READ", "IMAGE REPOSITORY", name, workload.role, by=held, connection=connection, quote=quote
    )
    if is_there:
        return workload.finding(
            REPOSITORY,
            Outcome.PROBLEM,
            f"role {workload.role} may not read image repository {reference.repository}",
            Cure("Have it granted.", (statement,)),
            fix,
        )
    return workload.finding(
        REPOSITORY,
        Outcome.PROBLEM,
        f"there is no image repository {reference.repository} that role {workload.role} can see",
        Cure(
            "Have it granted; if it is gone, make it and push the image again.",
            (statement, f"CREATE IMAGE REPOSITORY IF NOT EXISTS {name}"),
        ),
    )


def image_of(
    workload: Workload, container: str, reference: ImageReference, facts: ImageFacts
) -> ImageSnapshot | None:
    """The container's image as the repository has it: of its digest, or of its tag."""
    listed = facts.images.get(reference.repository, ())
    if isinstance(listed, FleetError):
        return None
    return _find(listed, reference, workload.digests.get(container, ""))


def _find(
    images: Sequence[ImageSnapshot], reference: ImageReference, digest: str
) -> ImageSnapshot | None:
    own = [image for image in images if image.image_name == reference.name]
    if digest:
        return next((image for image in own if image.digest == digest), None)
    return next((image for image in own if reference.tag in image.tags), None)


def _image(
    workload: Workload,
    container: str,
    reference: ImageReference,
    found: ImageSnapshot | None,
    images: Sequence[ImageSnapshot],
) -> Finding:
    digest = workload.digests.get(container, "")
    what = f"image {reference}" + (f" ({digest[:_SHORT]})" if digest else "")
    if found is not None:
        return workload.finding(IMAGE, Outcome.OK, f"{what} is in {reference.repository}")
    gone = f"{what} is not in {reference.repository}"
    if digest:
        gone += ", so a new node cannot start it"
        if _find(images, reference, ""):
            return workload.finding(
                IMAGE,
                Outcome.PROBLEM,
                f"{gone}; its tag means another image now",
                Cure(
                    "Roll out what the tag means now, or push the old one again.",
                    commands=(shell("spcs-worker-tui", "update", str(workload.key)),),
                ),
            )
    return workload.finding(
        IMAGE,
        Outcome.PROBLEM,
        gone,
        Cure(
            "Build and push it again, then update the service; or go back to one that is there.",
            commands=(DEPLOY, shell("spcs-worker-tui", "rollback", str(workload.key))),
        ),
    )


def judge_running(workload: Workload, container: str) -> Finding:
    """What runs is for the nodes that it runs on: nobody needs to be asked."""
    return workload.finding(PLATFORM, Outcome.OK, f"container {container} runs on the pool's nodes")


def judge_platform(
    workload: Workload, container: str, platforms: Sequence[str], family: str
) -> Finding:
    """Whether the image can run on the pool's nodes.

    Args:
        workload: The service.
        container: Whose image it is.
        platforms: What the image is for.
        family: Of the compute pool's nodes, empty where that is not known.
    """
    wanted = ARM64 if family.startswith(ARM) else AMD64
    if wanted in platforms:
        text = f"container {container}'s image is for {wanted}"
        return workload.finding(PLATFORM, Outcome.OK, text)
    if not platforms:
        text = f"the registry does not tell what container {container}'s image is for"
        cure = Cure("Build and push it again; its platform is told then.", commands=(DEPLOY,))
        return workload.finding(PLATFORM, Outcome.UNKNOWN, text, cure)
    has = ", ".join(platforms)
    text = (
        f"container {container}'s image is for {has}, and the nodes need {wanted}: it cannot start"
    )
    if wanted == ARM64:
        cure = Cure(
            f"Use a compute pool of another family than {family}: images are built for x86."
        )
    else:
        cure = Cure("Build it for linux/amd64, as `build` does.", commands=(DEPLOY,))
    return workload.finding(PLATFORM, Outcome.PROBLEM, text, cure)
