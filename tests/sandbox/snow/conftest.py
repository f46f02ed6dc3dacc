"""The snow command line, installed once, and a sandbox for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from support.snow import Snow, SnowProgram, install_snow, running_snow


@pytest.fixture(scope="session")
def snow_program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SnowProgram]:
    program = SnowProgram(install_snow(), tmp_path_factory.mktemp("snow-home"))
    yield program
    program.close()


@pytest.fixture
async def snow(snow_program: SnowProgram) -> AsyncIterator[Snow]:
    async with running_snow(snow_program) as running:
        yield running
