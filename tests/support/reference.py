"""The pages that are made from the program itself: its commands, and what it can be told.

Run it after a change of either::

    PYTHONPATH=tests python -m support.reference

`tests/cli/test_reference.py` fails as long as that was not done.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from spcs_worker_tui.cli.arguments import _parser
from spcs_worker_tui.cli.parser import add_shared
from spcs_worker_tui.domain.settings_keys import KEYS, RESOURCES, SETUP, Key, Kind
from spcs_worker_tui.sandbox.__main__ import _parser as _sandbox_parser

DOCS = Path(__file__).parents[2] / "docs"
MADE_BY = "`PYTHONPATH=tests python -m support.reference`"

MARK = f"<!-- From here on: made by {MADE_BY}. -->\n"
"""What stands above it is written by hand."""

VARIABLES: Mapping[str, str] = {
    "SPCS_WORKER_TUI_READ_ONLY": "`1`: change nothing; names of connections with commas between: "
    "change nothing there",
    "SPCS_WORKER_TUI_STATE_DIR": "another state directory",
    "SPCS_WORKER_TUI_CACHE_DIR": "another cache directory",
    "SPCS_WORKER_TUI_NOTIFY": "Apprise URLs that `--check` tells; with `_NAME` behind it, the "
    "address that `--notify NAME` means",
    "SPCS_WORKER_TUI_DEBUG": "anything: an unexpected error shows where it came from",
    "SNOWFLAKE_HOME": "where Snowflake's tools keep the saved connections",
    "SNOWFLAKE_CONNECTIONS_NAME_PASSWORD": "the password of connection NAME; in the same way "
    "`_TOKEN` and `_PRIVATE_KEY_FILE_PWD`",
    "PRIVATE_KEY_PASSPHRASE": "the passphrase of any connection's private key file",
    "PREFECT_API_URL": "the Prefect API that the next two are for",
    "PREFECT_API_KEY": "its API key",
    "PREFECT_API_AUTH_STRING": "its `user:password`, of a self-hosted server",
    "PREFECT_CLIENT_CUSTOM_HEADERS": "a JSON object of headers for a proxy in front of Prefect",
    "DOCKER_HOST": "the Docker engine that builds and pushes",
    "NO_COLOR": "anything: no colours in what commands print",
}
"""The environment variables that the program reads; a test looks for each in the code."""


def pages() -> dict[Path, str]:
    """What each page should say."""
    made = {DOCS / "commands.md": commands_page, DOCS / "configuration.md": settings_page}
    return {
        path: path.read_text(encoding="utf-8").partition(MARK)[0] + f"{MARK}\n{page()}"
        for path, page in made.items()
    }


def commands_page() -> str:
    """All commands with their arguments and options."""
    parser = _parser(with_commands=True)
    parts = ["## Without a command\n"]
    parts += ["The dashboard, or with `--check` the health check.\n", _options(parser, shared=True)]
    for name, command, what in _walk(parser):
        parts.append(f"## `{name}`\n\n{_sentence(what)}\n\n```\n{_usage(name, command)}\n```\n")
        if table := _options(command, shared=False):
            parts.append(table)
        if command.epilog:
            parts.append(_epilog(command.epilog))
    for name, command, what in _walk(_sandbox_parser()):
        told = "Run it by itself until Ctrl-C." if name == "serve" else _sentence(what)
        parts.append(
            f"## `sandbox {name}`\n\n{told}\n\n```\n{_usage(f'sandbox {name}', command)}\n```\n"
        )
        parts.append(_options(command, shared=True))
    return "\n".join(parts)


def _walk(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    """Every command that does something, with what it says of itself."""
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction):
            continue
        told = {choice.dest: choice.help or "" for choice in action._choices_actions}
        for name, command in action.choices.items():
            inner = [(f"{name} {n}", c, h) for n, c, h in _walk(command)]
            if inner:
                yield from inner
            elif name != "sandbox":
                yield name, command, told[name]


def _usage(name: str, command: argparse.ArgumentParser) -> str:
    operands = [_operand(action) for action in _shown(command) if not action.option_strings]
    return " ".join([f"spcs-worker-tui {name}", *operands, "[OPTION …]"])


def _operand(action: argparse.Action) -> str:
    word = _metavar(action)
    return {"?": f"[{word}]", "*": f"[{word} …]", "+": f"{word} …"}.get(str(action.nargs), word)


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.dest.upper()


def _shown(command: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in command._actions:
        hidden = action.help == argparse.SUPPRESS or action.dest in ("help", "command")
        if not hidden and not isinstance(action, argparse._SubParsersAction):
            yield action


def _shared() -> set[str]:
    bare = argparse.ArgumentParser(add_help=False)
    add_shared(bare)
    return {action.dest for action in bare._actions}


def _options(command: argparse.ArgumentParser, *, shared: bool) -> str:
    """Its arguments and options as a table; those of every command only with `shared`."""
    common = set() if shared else _shared()
    rows = []
    for action in _shown(command):
        if action.dest in common or (not action.option_strings and not action.help):
            continue
        names = ", ".join(f"`{name}`" for name in action.option_strings)
        if not names:
            names = f"`{_operand(action)}`"
        elif action.nargs != 0:
            names += f" `{_metavar(action)}`"
        rows.append(f"| {names} | {_cell(action.help or '')} |")
    return "\n".join(["| Argument | Meaning |", "|---|---|", *rows, ""]) if rows else ""


def _cell(text: str) -> str:
    return re.sub(r"(?<![\\|])\|", r"\\|", text).replace("*", r"\*")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _epilog(text: str) -> str:
    if "\n" in text.strip():
        return f"```text\n{text.rstrip()}\n```\n"
    return f"{text}\n"


def settings_page() -> str:
    """Files, environment variables, and every key of `spcs-worker.toml`."""
    rows = [f"| `{name}` | {meaning} |" for name, meaning in VARIABLES.items()]
    variables = "\n".join(
        ["## Environment variables", "", "| Variable | Meaning |", "|---|---|", *rows]
    )
    head = (
        "## `spcs-worker.toml`\n\n"
        "Keys of `[defaults]`, which all environments inherit, and of `[environments.NAME]`. "
        "`default_environment` at the top names the one that is meant without `--env`. "
        "An example, and what the keys are for: [project.md](project.md). For editors: "
        "[spcs-worker.schema.json](spcs-worker.schema.json).\n"
    )
    keys = [_key_row(name, key) for name, key in KEYS.items()]
    amounts = next(iter(RESOURCES.values()))
    forms = " and ".join(f"`{name}`" for name in RESOURCES)
    keys.append(
        f"| `resources` | table of {forms} | cpu and memory of the worker's container: "
        f"{amounts.form} |  |"
    )
    keys += [_key_row(f"setup.{name}", key) for name, key in SETUP.items()]
    table = "\n".join(["| Key | Value | Meaning | Example |", "|---|---|---|---|", *keys, ""])
    return f"{variables}\n\n{head}\n{table}"


_KINDS = {
    Kind.TEXT: "text",
    Kind.IDENTIFIER: "name without quotes",
    Kind.REPOSITORY: "name, may be qualified",
    Kind.NAMES: "list of names",
    Kind.COUNT: "number, 1 or more",
    Kind.FLAG: "true or false",
    Kind.TEXTS: "table of texts",
}


def _key_row(name: str, key: Key) -> str:
    required = " **Required.**" if key.required else ""
    form = f"; {key.form}" if key.form else ""
    example = f"`{key.example}`" if key.example else ""
    meaning = _cell(key.meaning[:1].upper() + key.meaning[1:])
    return f"| `{name}` | {_KINDS[key.kind]} | {meaning}{form}.{required} | {example} |"


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
