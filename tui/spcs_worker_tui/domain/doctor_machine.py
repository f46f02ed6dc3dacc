"""Checks on this machine: key files, Docker, keyring, terminal."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from spcs_worker_tui.domain.building import PLATFORM
from spcs_worker_tui.domain.doctor import (
    THIS_MACHINE,
    Area,
    Check,
    Cure,
    Finding,
    MakePrivate,
    Outcome,
    shell,
)
from spcs_worker_tui.domain.errors import FleetError, KeyringError
from spcs_worker_tui.domain.text import one_line

KEY_FILE = Check(
    "key-file", "The private key of the connection is there, and yours alone", Area.CONNECTIONS
)
DOCKER = Check("docker-engine", "There is a Docker engine to build with", Area.MACHINE)
PLATFORM_CHECK = Check("docker-platform", f"The Docker engine runs {PLATFORM}", Area.MACHINE)
KEYRING = Check("keyring", "There is a keyring that can be used", Area.MACHINE)
TERMINAL = Check("terminal", "The terminal can show a full screen", Area.MACHINE)
COLOURS = Check("terminal-colours", "The terminal shows 256 colours or more", Area.MACHINE)
UNICODE = Check("terminal-unicode", "The terminal's character set is UTF-8", Area.MACHINE)
SIZE = Check("terminal-size", "The terminal has 80 columns and 24 rows", Area.MACHINE)

DOCKER_CHECKS = (DOCKER, PLATFORM_CHECK)
TERMINAL_CHECKS = (TERMINAL, COLOURS, UNICODE, SIZE)
CHECKS = (KEY_FILE, *DOCKER_CHECKS, KEYRING, *TERMINAL_CHECKS)

COLUMNS, ROWS = 80, 24
_MANY_COLOURS = 256
_OTHERS = stat.S_IRGRP | stat.S_IROTH | stat.S_IWGRP | stat.S_IWOTH
_AMD64 = frozenset({"amd64", "x86_64"})
_NO_SCREEN = frozenset({"", "dumb", "unknown"})


class KeyFileKind(StrEnum):
    """What a private key's file begins like."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    PLAIN = "plain"
    ENCRYPTED = "encrypted"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class KeyFileFacts:
    """The private key file that a connection names.

    Attributes:
        mode: Its permission bits; None where the system has none.
        why: Why it cannot be read.
    """

    connection: str
    path: str
    kind: KeyFileKind
    mode: int | None = None
    why: str = ""


def judge_key_file(facts: KeyFileFacts) -> Finding:
    """Whether a connection can sign in with its key, as far as a look at the file tells."""
    path = one_line(facts.path)

    def finding(outcome: Outcome, text: str, cure: Cure | None = None) -> Finding:
        return Finding(KEY_FILE, facts.connection, outcome, text, cure, None, facts.connection)

    match facts.kind:
        case KeyFileKind.MISSING:
            words = f"Put the key there, or correct private_key_file of {facts.connection}."
            if path.startswith("~"):
                words = "Write the whole path: the connector takes ~ for the name of a folder."
            cure = Cure(words)
            return finding(Outcome.PROBLEM, f"there is no private key at {path}", cure)
        case KeyFileKind.UNREADABLE:
            cure = Cure("Make it a file that you may read.", commands=(shell("ls", "-l", path),))
            return finding(Outcome.PROBLEM, f"{path} cannot be read: {facts.why}", cure)
        case KeyFileKind.OTHER:
            cure = Cure(
                "Snowflake takes a private key in PKCS#8 as PEM text.",
                commands=(shell("openssl", "pkcs8", "-topk8", "-in", path, "-out", f"{path}.p8"),),
            )
            return finding(Outcome.PROBLEM, f"{path} is no private key in PKCS#8", cure)
    if facts.mode is not None and facts.mode & _OTHERS:
        text = f"{path} ({facts.mode:04o}) is open to others: who has the key signs in as you"
        cure = Cure("Take the others' rights away.", commands=(shell("chmod", "600", path),))
        fix = MakePrivate(facts.path)
        connection = facts.connection
        return Finding(KEY_FILE, connection, Outcome.PROBLEM, text, cure, fix, connection)
    lock = "with a passphrase" if facts.kind is KeyFileKind.ENCRYPTED else "without a passphrase"
    return finding(Outcome.OK, f"{path} is there, {lock}, and yours alone")


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What a Docker engine says of itself."""

    host: str
    version: str
    system: str
    architecture: str


def judge_engine(facts: EngineFacts | FleetError) -> Iterator[Finding]:
    """Whether there is an engine, and what it runs; watching needs none."""
    if isinstance(facts, FleetError):
        words = f"{facts.next_step} Only build, push, deploy and local need one.".strip()
        cure = Cure(words, commands=("docker version",))
        yield Finding(DOCKER, THIS_MACHINE, Outcome.NOTICE, str(facts), cure)
        return
    text = f"Docker {one_line(facts.version, 40)} at {one_line(facts.host, 120)}"
    yield Finding(DOCKER, THIS_MACHINE, Outcome.OK, text)
    runs = f"{one_line(facts.system, 40)}/{one_line(facts.architecture, 40)}"
    if facts.system != "linux":
        cure = Cure("Switch it to Linux containers.", commands=("docker context ls",))
        text = f"the engine runs {runs}, and a worker's image is {PLATFORM}"
        yield Finding(PLATFORM_CHECK, THIS_MACHINE, Outcome.PROBLEM, text, cure)
    elif facts.architecture not in _AMD64:
        cure = Cure(
            "Let it emulate amd64, as Docker Desktop does, or build on a machine with that "
            "processor: DOCKER_HOST says which.",
            commands=("docker run --privileged --rm tonistiigi/binfmt --install amd64",),
        )
        text = f"the engine is {runs}: images for {PLATFORM} are built and tried by emulation"
        yield Finding(PLATFORM_CHECK, THIS_MACHINE, Outcome.NOTICE, text, cure)
    else:
        yield Finding(PLATFORM_CHECK, THIS_MACHINE, Outcome.OK, f"the engine runs {runs}")


def judge_keyring(keyring: str | KeyringError, kept: int) -> Finding:
    """Whether keys can be kept, and those that are can be read.

    Args:
        keyring: What it is called, or why it cannot be used.
        kept: How many keys are noted as kept in it.
    """
    if not isinstance(keyring, KeyringError):
        return Finding(KEYRING, THIS_MACHINE, Outcome.OK, f"{keyring} holds {kept} keys")
    words = keyring.next_step or "Unlock it, or set the keys as environment variables."
    cure = Cure(words, commands=("spcs-worker-tui keys list",))
    if kept:
        text = f"{keyring}, and {kept} keys are kept in it"
        return Finding(KEYRING, THIS_MACHINE, Outcome.PROBLEM, text, cure)
    return Finding(KEYRING, THIS_MACHINE, Outcome.NOTICE, str(keyring), cure)


@dataclass(frozen=True, slots=True)
class TerminalFacts:
    """What this program is run at.

    Attributes:
        kind: TERM.
        colours: How many it shows; 0: it was asked for none (NO_COLOR).
        encoding: Of standard output.
        size: Columns and rows; None: they are not known.
    """

    is_terminal: bool
    kind: str = ""
    colours: int = 0
    encoding: str = ""
    size: tuple[int, int] | None = None


def judge_terminal(facts: TerminalFacts) -> Iterator[Finding]:
    """Whether the dashboard can be shown well; commands and `--check` need nothing of it."""
    if not facts.is_terminal:
        text = "not run at a terminal, which only the dashboard needs"
        yield Finding(TERMINAL, THIS_MACHINE, Outcome.OK, text)
        return
    kind = one_line(facts.kind, 40)
    if kind in _NO_SCREEN:
        text = f"TERM is {kind or 'not set'}: the dashboard cannot draw a screen"
        cure = Cure("Name the terminal's kind.", commands=("export TERM=xterm-256color",))
        yield Finding(TERMINAL, THIS_MACHINE, Outcome.PROBLEM, text, cure)
    else:
        yield Finding(TERMINAL, THIS_MACHINE, Outcome.OK, f"TERM is {kind}")
        yield _colours(facts)
    yield _unicode(facts)
    yield _size(facts)


def _colours(facts: TerminalFacts) -> Finding:
    if facts.colours == 0:
        return Finding(COLOURS, THIS_MACHINE, Outcome.OK, "NO_COLOR asks for none")
    if facts.colours >= _MANY_COLOURS:
        many = "256" if facts.colours == _MANY_COLOURS else "all"
        return Finding(COLOURS, THIS_MACHINE, Outcome.OK, f"it shows {many} colours")
    cure = Cure(
        "If the terminal can do more, say so; else take the terminal's own palette.",
        commands=("export TERM=xterm-256color", "spcs-worker-tui --theme spcs-terminal"),
    )
    text = f"it shows {facts.colours} colours, by its TERM"
    return Finding(COLOURS, THIS_MACHINE, Outcome.NOTICE, text, cure)


def _unicode(facts: TerminalFacts) -> Finding:
    encoding = one_line(facts.encoding, 40)
    if encoding.lower().replace("-", "").replace("_", "") == "utf8":
        return Finding(UNICODE, THIS_MACHINE, Outcome.OK, f"its character set is {encoding}")
    cure = Cure("Choose a locale with UTF-8.", commands=("export LC_ALL=C.UTF-8",))
    text = (
        f"its character set is {encoding or 'not known'}: marks and frames show as question marks"
    )
    return Finding(UNICODE, THIS_MACHINE, Outcome.NOTICE, text, cure)


def _size(facts: TerminalFacts) -> Finding:
    if facts.size is None:
        text = "its size is not known"
        cure = Cure("Say it.", commands=("stty cols 80 rows 24",))
        return Finding(SIZE, THIS_MACHINE, Outcome.NOTICE, text, cure)
    columns, rows = facts.size
    text = f"{columns} columns and {rows} rows"
    if columns >= COLUMNS and rows >= ROWS:
        return Finding(SIZE, THIS_MACHINE, Outcome.OK, text)
    cure = Cure(f"Make the window at least {COLUMNS} by {ROWS}.")
    return Finding(SIZE, THIS_MACHINE, Outcome.NOTICE, f"only {text}: parts are cut off", cure)
