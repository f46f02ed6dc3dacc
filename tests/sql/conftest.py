"""The snow command line, imported once, and an account that it set up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.snow import SnowProgram, install_snow
from support.sql_account import SqlAccount, new_sql_account


@pytest.fixture(scope="session")
def snow_program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SnowProgram]:
    program = SnowProgram(install_snow(), tmp_path_factory.mktemp("snow-home"))
    yield program
    program.close()


@pytest.fixture
def new_account(snow_program: SnowProgram) -> Iterator[SqlAccount]:
    """Nothing was run in it yet."""
    with new_sql_account(snow_program) as account:
        yield account


@pytest.fixture(scope="session")
def account(snow_program: SnowProgram) -> Iterator[SqlAccount]:
    """Set up; the tests share it and leave it as it is."""
    with new_sql_account(snow_program) as account:
        account.set_up()
        yield account
