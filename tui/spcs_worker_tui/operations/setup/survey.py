"""What is there of all that a worker needs, what is made, and what is lacking."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import (
    EngineError,
    FleetError,
    PrefectError,
    PrefectNotFoundError,
    StatementRefusedError,
)
from spcs_worker_tui.domain.fleet import ComputePoolState
from spcs_worker_tui.domain.settings_keys import MOST_INTEGRATIONS
from spcs_worker_tui.domain.setup import (
    Answers,
    ImageChoice,
    Piece,
    PieceState,
    Survey,
    checked,
)
from spcs_worker_tui.domain.text import in_sentences, one_line
from spcs_worker_tui.operations.setup.account_pieces import DETAILS, AccountPieces
from spcs_worker_tui.operations.setup.facts import Facts, gather_facts
from spcs_worker_tui.operations.setup.scripts import scripts

if TYPE_CHECKING:
    from spcs_worker_tui.operations.setup.tools import SetupTools

_PROCESS = "process"


async def survey(tools: SetupTools, answers: Answers) -> Survey:
    """Look at the account, Prefect and the Docker engine; changes nothing.

    Raises:
        ConfigurationError: An answer cannot be.
        SnowflakeError: The account does not answer.
    """
    answers = checked(answers)
    facts = await gather_facts(tools.session, answers)
    return await survey_of(tools, answers, facts)


async def survey_of(tools: SetupTools, answers: Answers, facts: Facts) -> Survey:
    """The survey that those facts make, with Prefect and the Docker engine asked besides."""
    account = AccountPieces(tools.session, answers, facts, scripts(tools.scripts()))
    pieces = [*account.from_scripts(), *account.secret()]
    pieces.append(await _work_pool(tools, answers))
    pieces.append(await _image(tools, answers, facts))
    pieces.append(account.service())
    pieces += account.monitor()
    warnings = tuple(_warnings(answers, facts))
    return Survey(answers, facts.standing, tuple(pieces), warnings, facts.service(answers))


async def _work_pool(tools: SetupTools, answers: Answers) -> Piece:
    title = f"Work pool {one_line(answers.work_pool)}"
    try:
        pool = await tools.prefect.work_pool(answers.pool_key)
    except PrefectNotFoundError:
        return Piece("work-pool", title, PieceState.MADE, "it is created, of type process")
    except PrefectError as error:
        return Piece("work-pool", title, PieceState.LACKING, _why(error))
    if pool.type != _PROCESS:
        why = f"it is there, and of type {one_line(pool.type)}: the worker serves process pools"
        return Piece("work-pool", title, PieceState.LACKING, why)
    return Piece("work-pool", title, PieceState.THERE, DETAILS[PieceState.THERE])


async def _image(tools: SetupTools, answers: Answers, facts: Facts) -> Piece:
    name = f"{answers.image}:{answers.tag}"
    title = f"Image {name}"
    if answers.image_choice is ImageChoice.BUILD:
        try:
            await tools.images.images.image(name)
        except EngineError as error:
            return Piece("image", title, PieceState.LACKING, _why(error))
        return Piece("image", title, PieceState.MADE, "it is built here, and pushed")
    repository = answers.repository_name.qualified.replace(".", "/").lower()
    try:
        listed = await tools.session.show_images(repository) if facts.repository else ()
    except StatementRefusedError:
        unread = "whether it is there is found out by the account"
        return Piece("image", title, PieceState.THERE, unread)
    own = (image for image in listed if image.image_name == answers.image)
    if any(answers.tag in image.tags for image in own):
        return Piece("image", title, PieceState.THERE, "it is in the repository")
    why = f"it is not in {answers.repository_name.qualified}: push it, or have it built here"
    return Piece("image", title, PieceState.LACKING, why)


def _why(error: FleetError) -> str:
    return in_sentences(str(error), error.next_step)


def _warnings(answers: Answers, facts: Facts) -> Iterator[str]:
    standing, service = facts.standing, facts.service(answers)
    admins = {"ACCOUNTADMIN", "SYSADMIN", answers.role}
    if not admins & standing.roles:
        yield (
            f"Connection {answers.connection} uses role {standing.role or 'none'}, which does not "
            f"see what {answers.role} owns: set role = {answers.role!r} in that connection."
        )
    pool = facts.pool
    if pool is not None and pool.state is ComputePoolState.SUSPENDED and not pool.auto_resume:
        yield (
            f"Compute pool {pool.name} is suspended and does not resume by itself: ALTER COMPUTE "
            f"POOL {pool.name} RESUME."
        )
    if pool is not None and pool.instance_family != answers.instance_family:
        yield f"Compute pool {pool.name} has {pool.instance_family} nodes, and keeps them."
    if service is not None:
        others = len(set(service.external_access_integrations) | {answers.integration})
        if others > MOST_INTEGRATIONS:
            yield f"A service can have {MOST_INTEGRATIONS} external access integrations at most."
