"""What somebody wants of a service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.creation import ServiceCreation
from spcs_worker_tui.domain.history import HistoryKind
from spcs_worker_tui.domain.rendering import rendered

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.settings import Environment
    from spcs_worker_tui.domain.spec_document import SpecDocument


@dataclass(frozen=True, slots=True)
class Wish:
    """One service as it should be.

    Attributes:
        document: The specification; None: the one that is deployed.
        image: A tag, `sha256:…`, or a whole image path; empty: as the document says.
        image_name: `/db/schema/repository/image` that a tag or digest is of; empty: the one that
            the document names.
        fallback_tag: The tag where `image` is empty and the service does not say either.
        container: Which container the image is for; empty: the first.
        coming: Stands for the digest of an image that is pushed before the update is made, and
            so need not be in the repository yet; empty: it is there.
        creation: How to create it where it is not there; None: then it is an error.
        integrations: The external access integrations it should have; None: those it has.
        verb: For titles, as in `Update D.S.WORKER`.
    """

    key: ServiceKey
    document: SpecDocument | None = None
    image: str = ""
    image_name: str = ""
    fallback_tag: str = ""
    container: str = ""
    coming: str = ""
    creation: ServiceCreation | None = None
    integrations: tuple[str, ...] | None = None
    kind: HistoryKind = HistoryKind.UPDATED
    verb: str = "Update"
    why: str = ""


def wish_for(
    environment: Environment, document: SpecDocument, *, image: str = "", why: str = ""
) -> Wish:
    """What the project's settings want of the environment's service.

    Args:
        environment: One of the project's.
        document: Its specification, as written.
        image: As `Wish.image`.
        why: For the history.

    Raises:
        ConfigurationError: The specification has no container of the environment's name for it.
    """
    container = document.container(environment.container)
    return Wish(
        key=environment.key,
        document=rendered(environment, document),
        image=image,
        image_name=environment.image_path("").removesuffix(":"),
        fallback_tag="" if "{" in environment.tag else environment.tag,
        container=container,
        creation=ServiceCreation(
            compute_pool=environment.compute_pool,
            external_access_integrations=environment.external_access_integrations,
            min_instances=environment.min_instances,
            max_instances=environment.max_instances,
            query_warehouse=environment.query_warehouse,
        ),
        integrations=environment.external_access_integrations,
        why=why,
    )
