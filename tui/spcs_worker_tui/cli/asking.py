"""Secrets from a person or a pipe: never from an argument, never shown while they are typed."""

from __future__ import annotations

import getpass
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from spcs_worker_tui.cli.console import complain, say
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.keys import LONGEST, KeyKind, KeyName, Secret, checked

_MOST_BYTES_PER_CHARACTER = 4


def read_secret(name: KeyName) -> Secret:
    """From the terminal without echo, or all of standard input where that is no terminal.

    Raises:
        ConfigurationError: Nothing was given, or what no such key looks like.
    """
    if sys.stdin.isatty():
        return checked(name.kind, _typed(f"{name.words.capitalize()}: "))
    data = sys.stdin.buffer.read(LONGEST * _MOST_BYTES_PER_CHARACTER + 1)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = ""
    if data and not text:
        raise _not_text(name.kind)
    return checked(name.kind, text)


def read_value(name: str) -> Secret:
    """A variable's secret value: from the terminal without echo, or all of standard input.

    One line's end at the end goes; lines before it stay, as a private key has them.

    Raises:
        ConfigurationError: Nothing was given, or it is no text.
    """
    if sys.stdin.isatty():
        text = _typed(f"Value of {name}: ")
    else:
        text = read_text(f"the value of {name}").removesuffix("\n").removesuffix("\r")
    if not text:
        raise ConfigurationError(
            f"nothing was given as the value of {name}",
            next_step="Nothing was changed; give it at the prompt or on standard input.",
        )
    return Secret(text)


def read_text(what: str) -> str:
    """All of standard input.

    Raises:
        ConfigurationError: It is too long, or no text.
    """
    data = sys.stdin.buffer.read(LONGEST * _MOST_BYTES_PER_CHARACTER + 1)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        problem = "is not UTF-8 text"
    else:
        if len(text) <= LONGEST:
            return text
        problem = f"is longer than {LONGEST} characters"
    # Outside of the handler, since its error would hold what was read.
    raise ConfigurationError(f"{what} {problem}", next_step="Nothing was changed; give it again.")


def ask_at_terminal() -> Callable[[KeyName], Secret | None] | None:
    """For keys that are nowhere else: asks a person, each time; None where there is none."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return _ask


def _ask(name: KeyName) -> Secret | None:
    try:
        answer = _typed(f"{name.words.capitalize()}, for this once (enter: leave it out): ")
        return checked(name.kind, answer) if answer else None
    except ConfigurationError as error:
        complain(error)
        return None


def _typed(prompt: str) -> str:
    try:
        with warnings.catch_warnings(), _interruptible():
            # It would go on with echo.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(prompt, sys.stderr)
    except getpass.GetPassWarning:
        echoes = True
    except EOFError:
        say("")
        echoes = False
    except UnicodeDecodeError:
        raise ConfigurationError("what was typed is not text") from None
    if echoes:
        raise ConfigurationError(
            "this terminal would show what is typed",
            next_step="Give it on standard input, or set it in the environment.",
        )
    return ""


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C ends the question at once, also within an event loop, which would wait for it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _not_text(kind: KeyKind) -> ConfigurationError:
    return ConfigurationError(
        f"this is no {kind.words}: it is not UTF-8 text",
        next_step="Nothing was changed; give it again.",
    )
