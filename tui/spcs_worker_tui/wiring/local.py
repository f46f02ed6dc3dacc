"""Hands a Docker engine and a Prefect API to the operations on trials."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from spcs_worker_tui.adapters.clock import SystemClock
from spcs_worker_tui.adapters.docker.engine import DockerEngine
from spcs_worker_tui.adapters.docker.local import LocalDocker
from spcs_worker_tui.adapters.source_tree import Checkout
from spcs_worker_tui.domain.keys import FoundKey, KeyKind, KeyName, Secret
from spcs_worker_tui.operations.apply import Engine
from spcs_worker_tui.operations.build_request import chosen_image
from spcs_worker_tui.operations.local import LocalTools, Trials
from spcs_worker_tui.wiring.applying import audit_log, read_only_by
from spcs_worker_tui.wiring.keys import Keys, open_keys
from spcs_worker_tui.wiring.prefect import LazyPrefect, prefect_writer

if TYPE_CHECKING:
    from spcs_worker_tui.domain.settings import Environment, Project


@dataclass(frozen=True, slots=True)
class LocalBench:
    """What a trial needs.

    Attributes:
        tools: What plans are made with.
    """

    tools: LocalTools
    keys: Keys

    def trials(self, within: float | None = None) -> Trials:
        """Trials that are given up after so many seconds; None: the usual time."""
        return Trials(self.tools) if within is None else Trials(self.tools, within=within)

    async def image(self, project: Project, environment: Environment, tag: str) -> str:
        """The name of the image that was built for an environment; see `chosen_image`."""
        return (await chosen_image(Checkout(), project, environment, tag)).name

    async def prefect_key(self, api_url: str, kind: KeyKind) -> FoundKey:
        """What is used to sign in there: the environment's, Prefect's profile's, the keyring's."""
        found = await self.keys.prefect.find_everywhere(api_url)
        value = found.auth_string if kind is KeyKind.AUTH_STRING else found.api_key
        return FoundKey(Secret(value), found.source) if value else FoundKey(problem=found.problem)

    def hand_over(self, name: KeyName, secret: Secret) -> None:
        """Use it until the program ends, without keeping it anywhere."""
        self.keys.chain.hand_over(name, secret)


@asynccontextmanager
async def open_local(*, read_only: bool = False) -> AsyncIterator[LocalBench]:
    """Adapters for one command, closed at the end.

    Args:
        read_only: Nothing may be changed.
    """
    keys = open_keys()
    prefect, writer = LazyPrefect(keys.prefect), prefect_writer(keys.prefect)
    allowed = read_only_by(os.environ, everything=read_only)
    engine = Engine(SystemClock(), audit_log(), _no_session, allowed)
    tools = LocalTools(DockerEngine(), LocalDocker(), prefect, writer, engine)
    try:
        yield LocalBench(tools, keys)
    finally:
        await prefect.close()
        await writer.close()


def _no_session(name: str) -> NoReturn:
    raise KeyError(name)  # a trial has nothing to do with an account
