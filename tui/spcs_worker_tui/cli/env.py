"""`env`: a service's environment variables, shown, compared and changed."""

from __future__ import annotations

import asyncio
import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.asking import ask_at_terminal, read_text, read_value
from spcs_worker_tui.cli.console import put, say
from spcs_worker_tui.cli.exits import Exit
from spcs_worker_tui.cli.lifecycle import picture
from spcs_worker_tui.cli.plan import carry_out
from spcs_worker_tui.cli.target import find_service
from spcs_worker_tui.cli.update import connections, target, timing
from spcs_worker_tui.domain.environment import (
    Edit,
    EditEnvironment,
    EnvironmentRow,
    RenameVariable,
    ServiceEnvironment,
    SetSecret,
    SetVariable,
    UnsetVariable,
    UseSecret,
)
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.fleet import FleetSnapshot, ServiceKey
from spcs_worker_tui.domain.rendering import rendered
from spcs_worker_tui.domain.secrecy import looks_like_a_key
from spcs_worker_tui.domain.text import cell_width, one_line
from spcs_worker_tui.operations.environment.comparing import (
    VariableDifference,
    against_document,
    against_entries,
)
from spcs_worker_tui.operations.environment.edits import checked_name
from spcs_worker_tui.wiring.bench import Bench, open_bench
from spcs_worker_tui.wiring.project import read_document, read_variables

if TYPE_CHECKING:
    from spcs_worker_tui.domain.dotenv import DotenvEntry
    from spcs_worker_tui.domain.settings import Environment, Project
    from spcs_worker_tui.domain.spec_document import SpecDocument, Variable

DIFFERS = 1


def run_list(options: Namespace) -> int:
    """Which variables there are, and where each comes from."""
    return asyncio.run(_list(options))


def run_diff(options: Namespace) -> int:
    """What differs between them and a project's or a file's."""
    entries = _entries(options.file) if options.file else None
    return asyncio.run(_diff(options, entries))


def run_set(options: Namespace) -> int:
    """Set variables."""
    # What is wrong with the project or the options is said before anybody has to type.
    target(options, changes=not options.dry_run)
    return asyncio.run(_change(options, _set_edits(options)))


def run_unset(options: Namespace) -> int:
    """Remove variables."""
    edits = [UnsetVariable(name, options.container) for name in options.names]
    return asyncio.run(_change(options, edits))


def run_rename(options: Namespace) -> int:
    """Give a variable another name."""
    edits = [RenameVariable(options.name, options.new, options.container)]
    return asyncio.run(_change(options, edits))


def run_import(options: Namespace) -> int:
    """Set what a file says."""
    return asyncio.run(_change(options, _imported(options, _entries(options.file))))


def _set_edits(options: Namespace) -> Sequence[Edit]:
    """What the words mean; raises `ConfigurationError` where they mean nothing."""
    words: list[str] = options.words
    if options.secret or options.from_secret:
        if len(words) != 1:
            raise ConfigurationError(
                "one variable is set from a secret at a time", next_step="Give its NAME alone."
            )
        return [_secret_edit(options, words[0])]
    if words in ([], ["-"]):
        if sys.stdin.isatty():
            raise ConfigurationError(
                "nothing is said to be set",
                next_step="Give NAME=VALUE, or NAME=VALUE lines on standard input, or `env import "
                "FILE`.",
            )
        return _imported(options, _entries("-"))
    return [_literal_edit(options, word) for word in words]


def _secret_edit(options: Namespace, word: str) -> Edit:
    name, equals, _ = word.partition("=")
    checked_name(name)
    if equals:
        raise _never_an_argument(f"the value of {name}", name)
    if options.from_secret:
        return UseSecret(name, options.from_secret, options.container)
    return SetSecret(name, read_value(name), options.container)


def _literal_edit(options: Namespace, word: str) -> Edit:
    name, equals, value = word.partition("=")
    checked_name(name)
    if not equals:
        raise ConfigurationError(
            f"{name} has no value",
            next_step=f"Give {name}=VALUE, or --secret to be asked for it. Nothing was changed.",
        )
    if looks_like_a_key(name, value):
        raise _never_an_argument(f"the value of {name} looks like a key, which", name)
    return SetVariable(name, value, options.container)


def _never_an_argument(what: str, name: str) -> ConfigurationError:
    return ConfigurationError(
        f"{what} is never an argument: every program on this machine can read those",
        next_step=f"Say `env set {name} --secret`; it is asked for, or read from standard input. "
        "Your shell's history has this one now, so make a new one.",
    )


def _entries(file: str) -> tuple[DotenvEntry, ...]:
    if file == "-":
        return read_variables(read_text("standard input"), "standard input")
    try:
        text = Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
    else:
        return read_variables(text, file)
    raise ConfigurationError(
        f"{file} cannot be read: {why}", next_step="Name a .env file, or - for standard input."
    )


def _imported(options: Namespace, entries: Sequence[DotenvEntry]) -> Sequence[Edit]:
    return [SetVariable(entry.name, entry.value, options.container) for entry in entries]


async def _change(options: Namespace, edits: Sequence[Edit]) -> int:
    pattern, project, environment = target(options, changes=not options.dry_run)
    async with open_bench(
        connections(options, environment), read_only=options.read_only, ask=ask_at_terminal()
    ) as bench:
        key = environment.key if environment else await find_service(bench, pattern)
        fleet = FleetSnapshot(bench.clock.now())
        if options.restart:
            fleet = await picture(bench, key)
        if environment is not None and not options.container:
            edits = [_in_container(edit, environment.container) for edit in edits]
        wish = EditEnvironment(key, tuple(edits), options.restart, why=options.why)
        change = await bench.environments(fleet, timing(options)).plan(wish)
        if project is not None and environment is not None:
            _warn_of_settings(project, environment, edits)
        return await carry_out(change, options)


def _in_container(edit: Edit, container: str) -> Edit:
    match edit:
        case SetVariable():
            return SetVariable(edit.name, edit.value, container)
        case SetSecret():
            return SetSecret(edit.name, edit.value, container)
        case UseSecret():
            return UseSecret(edit.name, edit.secret, container)
        case UnsetVariable():
            return UnsetVariable(edit.name, container)
        case RenameVariable():
            return RenameVariable(edit.name, edit.new, container)


def _warn_of_settings(project: Project, environment: Environment, edits: Sequence[Edit]) -> None:
    """Say what the next update from the project would take back."""
    document = None
    with suppress(ConfigurationError):  # whoever updates from the project is told then
        document = _wanted(project, environment)
    if document is None:
        return
    container = document.container(environment.container)
    wanted = {variable.name: variable for variable in document.variables(container)}
    if names := [edit.name for edit in edits if not _is_wanted(edit, wanted)]:
        say(
            f"The project says otherwise of {', '.join(map(one_line, names))}: the next `update "
            f"--env {environment.name}` takes that back, unless {project.path} is changed, too."
        )


def _is_wanted(edit: Edit, wanted: dict[str, Variable]) -> bool:
    match edit:
        case SetVariable() if not looks_like_a_key(edit.name, edit.value):
            there = wanted.get(edit.name)
            return there is not None and not there.secret and there.value == edit.value
        case SetVariable() | SetSecret() | UseSecret():
            return edit.name in wanted and bool(wanted[edit.name].secret)
        case UnsetVariable():
            return edit.name not in wanted
        case RenameVariable():
            return edit.name not in wanted and edit.new in wanted


def _wanted(project: Project, environment: Environment) -> SpecDocument:
    """The specification that an update from the project would send."""
    return rendered(environment, read_document(Path(project.beside(environment.spec))))


async def _read(options: Namespace, bench: Bench, key: ServiceKey) -> ServiceEnvironment:
    found = await bench.environments(FleetSnapshot(bench.clock.now())).read(key)
    if options.container and options.container not in found.containers:
        raise ConfigurationError(
            f"{key.qualified} has no container {one_line(options.container)!r}",
            next_step=f"It has {', '.join(map(one_line, found.containers))}.",
        )
    return found


async def _list(options: Namespace) -> int:
    pattern, _, environment = target(options, changes=False)
    async with open_bench(
        connections(options, environment), read_only=options.read_only, ask=ask_at_terminal()
    ) as bench:
        key = environment.key if environment else await find_service(bench, pattern)
        found = await _read(options, bench, key)
    rows = found.of(options.container) if options.container else found.rows
    if options.json:
        put(json.dumps(_as_json(found, rows, reveal=options.reveal), indent=2))
        return Exit.HEALTHY
    for line in _table(rows, reveal=options.reveal):
        put(line)
    if not rows:
        say(f"{key.qualified} has no environment variables.")
    if options.reveal and any(row.is_secret for row in rows):
        say("Values that come from Snowflake secrets cannot be read back by anybody.")
    elif not options.reveal and any(row.is_masked for row in rows):
        say("What looks like a key is not shown; --reveal shows it.")
    return Exit.HEALTHY


def _table(rows: Sequence[EnvironmentRow], *, reveal: bool) -> list[str]:
    if not rows:
        return []
    cells = [
        ("CONTAINER", "VARIABLE", "FROM", "VALUE"),
        *(
            (
                one_line(row.container),
                one_line(row.name),
                row.source,
                row.revealed if reveal else row.shown,
            )
            for row in rows
        ),
    ]
    widths = [max(map(cell_width, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            text + " " * (width - cell_width(text))
            for text, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in cells
    ]


def _as_json(
    found: ServiceEnvironment, rows: Sequence[EnvironmentRow], *, reveal: bool
) -> dict[str, object]:
    return {
        "service": str(found.key),
        "spec_digest": found.spec_digest,
        "variables": [
            {
                "container": row.container,
                "name": row.name,
                "from": "secret" if row.is_secret else "literal",
                "secret": row.variable.secret or None,
                "value": None
                if row.is_secret or (row.is_masked and not reveal)
                else row.variable.value,
                "masked": row.is_masked and not reveal,
            }
            for row in rows
        ],
    }


async def _diff(options: Namespace, entries: Sequence[DotenvEntry] | None) -> int:
    pattern, project, environment = target(options, changes=False)
    if entries is None and (project is None or environment is None):
        raise ConfigurationError(
            "there is nothing to compare it with",
            next_step="Add --file FILE for a .env file, or --env NAME instead of the service.",
        )
    async with open_bench(
        connections(options, environment), read_only=options.read_only, ask=ask_at_terminal()
    ) as bench:
        key = environment.key if environment else await find_service(bench, pattern)
        found = await _read(options, bench, key)
    if entries is not None:
        named = options.container or (environment.container if environment else "")
        return _show(against_entries(found, entries, named or found.containers[0]), key)
    assert project is not None
    assert environment is not None
    return _show(against_document(found, _wanted(project, environment)), key)


def _show(difference: VariableDifference, key: ServiceKey) -> int:
    for change in difference.changes:
        put(f"~ {one_line(str(change), 1000)}")
    for name in difference.only_deployed:
        put(f"  {one_line(name)} is only deployed")
    for name in difference.not_compared:
        put(f"  {one_line(name)} comes from a secret, whose value cannot be compared")
    if not difference.changes:
        say(f"Nothing differs that can be compared: {key.qualified}.")
        return Exit.HEALTHY
    return DIFFERS
