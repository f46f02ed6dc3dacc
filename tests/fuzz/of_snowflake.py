"""Targets: what Snowflake answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from fuzz.claims import decoded, fits, is_clean
from spcs_worker_tui.adapters.snowflake import logs, manifests, rows
from spcs_worker_tui.adapters.snowflake.secret_changes import secret_object
from spcs_worker_tui.adapters.snowflake.spec import deployed_spec
from spcs_worker_tui.adapters.spec_yaml import edited, read_spec
from spcs_worker_tui.domain.binding import bind
from spcs_worker_tui.domain.errors import ConfigurationError, SnowflakeError
from spcs_worker_tui.domain.log import LogLine, LogSource
from spcs_worker_tui.domain.spec_difference import Side, compare
from spcs_worker_tui.domain.spec_document import SpecDocument, deployed_document, written_document
from spcs_worker_tui.domain.spec_source import plain
from spcs_worker_tui.domain.sync import deployed_images, sync_word
from spcs_worker_tui.operations.tail.merge import in_order
from spcs_worker_tui.operations.tail.window import Window
from spcs_worker_tui.ui.log_stamp import take_apart

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _typed(text: str) -> Any:
    """A value as the connector gives it; the first letter says of which type."""
    kind, rest = text[:1], text[1:]
    with suppress(ValueError, OverflowError):
        match kind:
            case "i":
                return int(rest)
            case "f":
                return float(rest)
            case "d":
                return datetime.fromisoformat(rest)
            case "j":
                with suppress(RecursionError):
                    return json.loads(rest)
    return {"n": None, "y": True, "o": False}.get(kind, rest)


def show_rows(data: bytes) -> None:
    """Rows of SHOW and DESCRIBE: lines `column=Tvalue`, an empty line between rows."""
    found = [
        dict(pair for line in part.split("\n") if (pair := _pair(line)))
        for part in decoded(data).split("\n\n")[:50]
    ]
    for row in found:
        service = rows.service(row, "dev", NOW)
        is_clean(service)
        is_clean(secret_object(row))
        sync_word(service, lambda _: None)
        deployed_images(service)
        for moment in (service.created_on, service.updated_on, service.resumed_on):
            assert moment is None or isinstance(NOW - moment, timedelta)
    for read in (rows.containers, rows.instances, rows.compute_pools, rows.images):
        is_clean(read(found))


def _pair(line: str) -> tuple[str, Any] | None:
    name, _, value = line.partition("=")
    return (name, _typed(value)) if name else None


def service_log(data: bytes) -> None:
    """Answers of SYSTEM$GET_SERVICE_LOGS, one after the other, a byte 1 between them."""
    window, source = Window(50), LogSource(0, "worker")
    shown = []
    for answer in decoded(data).split("\x01")[:8]:
        for line in logs.plain_lines(answer):
            is_clean(line)
        lines = logs.stamped_lines(answer)
        reading = window.read(lines, 100)
        window.accept(reading)
        # `in_order` and the screen take what the window lets through.
        shown += [LogLine(source, time, text) for time, text in reading.new]
    is_clean(shown)
    assert not any("\n" in line.text for line in shown)
    merged = in_order([shown])
    assert [line.text for line in merged if isinstance(line, LogLine)] == [
        line.text for line in shown
    ]
    for one in shown:
        take_apart(one.text, one.time_ns)


def describe_service(data: bytes) -> None:
    """The `spec` column: read, bound, put into the form in which it is sent again."""
    text = decoded(data)
    try:
        found = deployed_spec(text, "digest")
    except SnowflakeError as error:
        fits(error)
    else:
        is_clean(found)
        bind(found)
    try:
        document = deployed_document(read_spec(text)).document
    except ConfigurationError as error:
        fits(error)
    else:
        _sent_again(document)
        assert not compare(Side(document), Side(document))
        is_clean(compare(Side(document), Side(SpecDocument({"spec": {}}))))


def written_spec(data: bytes) -> None:
    """A specification that somebody wrote; an edit changes what was asked and nothing else."""
    text = decoded(data)
    try:
        document = written_document(read_spec(text), "spec.yaml")
    except ConfigurationError as error:
        fits(error)
        return
    _sent_again(document)
    value = text[-40:]
    if "\udc80" <= max(value, default="") <= "\udcff":
        return  # no text that could be sent
    changed = document.with_variable("CHANGED", value)
    (first, *_) = changed.tree["spec"]["containers"]
    assert first["env"]["CHANGED"] == value
    assert changed.without_variable("CHANGED").tree == document.without_variable("CHANGED").tree
    again = written_document(read_spec(edited(text, dict(changed.tree))), "spec.yaml")
    assert again.tree == changed.tree


def _sent_again(document: SpecDocument) -> None:
    """What is sent says what the tree says, and ends no statement: `$$` is its quote."""
    assert "$$" not in document.text
    assert plain(read_spec(document.text)) == document.tree
    for container in dict.fromkeys(document.container_names):
        is_clean([variable.shown for variable in document.variables(container)])


def image_manifest(data: bytes) -> None:
    """What an image registry answers: indexes and configurations."""
    with suppress(ValueError, RecursionError):
        found = json.loads(data)
        if isinstance(found, dict):
            is_clean(manifests._platform(found))
            if isinstance(found.get("manifests"), list):
                is_clean(manifests._of_index(found["manifests"]))


TARGETS: tuple[Callable[[bytes], None], ...] = (
    show_rows,
    service_log,
    describe_service,
    written_spec,
    image_manifest,
)
