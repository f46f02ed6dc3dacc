"""Targets: Docker, names that somebody types, the worker's environment, and the sandbox's readers.

The sandbox reads what this program, the real connector and `snow` send to it: it has to refuse
as Snowflake does, and not to fall over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from fuzz.claims import decoded, fits, is_clean
from spcs_worker.settings import SettingsError, WorkerSettings
from spcs_worker_tui.adapters.docker.reading import BuildReading, PushReading
from spcs_worker_tui.adapters.snowflake import quoting
from spcs_worker_tui.domain.building import Progress
from spcs_worker_tui.domain.errors import EngineError, FleetError
from spcs_worker_tui.domain.fleet import ServiceKey
from spcs_worker_tui.domain.keys import KeyName
from spcs_worker_tui.domain.new_connection import checked_address
from spcs_worker_tui.domain.secret_objects import SecretName
from spcs_worker_tui.domain.sync import image_reference
from spcs_worker_tui.domain.text import cell_width, one_line, printable
from spcs_worker_tui.operations.choose import choose, matches
from spcs_worker_tui.sandbox.catalogue.spec import describe_spec, parse_spec
from spcs_worker_tui.sandbox.results import SqlError
from spcs_worker_tui.sandbox.sql.parser import parse
from spcs_worker_tui.sandbox.sql.tokens import TokenKind, tokenize
from spcs_worker_tui.sandbox.wire.journal import mask_secrets

KEYS = (ServiceKey("dev", "D", "S", "X"), ServiceKey("prod", "D", "S", 'a"b'))


def _reported(progress: Progress) -> None:
    is_clean(progress)


def docker_events(data: bytes) -> None:
    """What an engine says while it builds and pushes, an object on each line."""
    building, pushing = BuildReading(_reported), PushReading(_reported, "host/a/b/c/d:1")
    for line in data.split(b"\n"):
        with suppress(ValueError, RecursionError):
            event = json.loads(line)
            if isinstance(event, dict):
                _take(building.take, event)
                _take(pushing.take, event)


def _take(take: Callable[[Mapping[str, Any]], None], event: Mapping[str, Any]) -> None:
    try:
        take(event)
    except EngineError as error:
        fits(error)


def texts(data: bytes) -> None:
    """The filter that everything passes."""
    text = decoded(data)
    once = printable(text)
    assert printable(once) == once
    assert not any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 for c in once)
    line = one_line(text)
    assert one_line(line) == line
    assert len(line) <= 500
    assert "\n" not in line
    assert 0 <= cell_width(line) <= 2 * len(line)


def names(data: bytes) -> None:
    """Names that somebody types, or a file holds."""
    text = decoded(data[:2000])  # what fits a command line, and a person's patience
    for key in KEYS:
        matches(text, key)
    for read in (lambda: choose(text, KEYS), lambda: checked_address(text)):
        try:
            read()
        except FleetError as error:
            fits(error)
    image_reference(text)
    # The file that holds these is read with what is no text replaced.
    if (name := KeyName.parse(data.decode("utf-8", "replace"))) is not None:
        assert KeyName.parse(name.entry) == name
        is_clean(name.words)
    if (secret := SecretName.parse(text, ("D", "S"))) is not None:
        parts = (secret.database, secret.schema, secret.name)
        assert SecretName.parse(".".join(map(quoting.identifier, parts)), ("", "")) == secret


def statements(data: bytes) -> None:
    """Names and texts in SQL: each comes back as the one token that it is."""
    text = decoded(data).replace("\0", "")
    quoted = [(quoting.literal(text), text)] + [(quoting.identifier(text), text)] * bool(text)
    for sql, meant in quoted:
        token, end = tokenize(sql)
        assert token.value == meant
        assert end.kind is TokenKind.END


def sandbox_sql(data: bytes) -> None:
    """The sandbox's grammar: statements, or an error with a code."""
    text = decoded(data)
    try:
        assert parse(text)
    except SqlError as error:
        _is_coded(error)
    mask_secrets(text)


def _is_coded(error: SqlError) -> None:
    assert len(error.code) == 6
    assert len(error.sqlstate) == 5


def sandbox_spec(data: bytes) -> None:
    """The sandbox's reader of specifications, and what DESCRIBE shows of them."""
    with suppress(SqlError):
        spec = parse_spec(decoded(data))
        assert parse_spec(describe_spec(spec, {})) == spec


def worker_environment(data: bytes) -> None:
    """The worker's settings: lines NAME=VALUE."""
    pairs = (line.partition("=") for line in decoded(data).split("\n"))
    environ = {f"PREFECT_{name}": value for name, _, value in pairs}
    try:
        settings = WorkerSettings.from_environ(environ)
    except SettingsError:
        return
    assert "\n" not in settings.shown_api_url


TARGETS: tuple[Callable[[bytes], None], ...] = (
    docker_events,
    texts,
    names,
    statements,
    sandbox_sql,
    sandbox_spec,
    worker_environment,
)
