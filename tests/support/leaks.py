"""Looks for secret values in what a run leaves behind, in whatever form they may come."""

from __future__ import annotations

import base64
import json
import re
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

_OVERLAP = 1024
_CHUNK = 1 << 22
_LOOK_SECONDS = 0.1
_HALF = 16
_SESSION_TOKEN = "ver:3-hint:"
"""How every token of a session begins."""
_ESCAPE_SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")


def distinctive(prefix: str, suffix: str = "") -> str:
    """A new secret that nothing else on this machine contains, and that URLs have to quote."""
    return f"{prefix}{secrets.token_hex(_HALF)}+/%{secrets.token_hex(_HALF)}{suffix}"


def forms(value: str) -> frozenset[bytes]:
    """How a value looks raw, in JSON, in a URL, in hexadecimal and in Base64.

    Of one that `distinctive` made, either half: each is in every form of the whole, and is found
    where the value was cut off, too.
    """
    found = set()
    for piece in re.findall(rf"[0-9a-f]{{{2 * _HALF}}}", value) or [value]:
        data = piece.encode()
        found |= {
            data,
            json.dumps(piece)[1:-1].encode(),
            quote(piece, safe="").encode(),
            "".join(f"%{byte:02X}" for byte in data).encode(),
            data.hex().encode(),
        }
        for encoded in _base64(data):
            found |= {encoded, encoded.replace(b"+", b"-").replace(b"/", b"_")}
    return frozenset(found)


def _base64(data: bytes) -> Iterator[bytes]:
    """Wherever it stands in what was encoded: 0, 1 or 2 bytes after a multiple of three."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data)
        # The characters that bytes before and after have a part in are not those of the value.
        first = -(-before * 8 // 6)
        whole = (before + len(data)) * 8 // 6
        yield encoded[first:whole]


class Secrets:
    """Values by what they are; sessions' tokens are always among them.

    Args:
        values: Made with `distinctive`.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._forms = {name: forms(value) for name, value in values.items()}
        self._forms["a session token"] = forms(_SESSION_TOKEN)

    def of_bytes(self, data: bytes) -> set[str]:
        """Which of them are in there."""
        return {name for name, all_ in self._forms.items() if any(form in data for form in all_)}

    def of_chunks(self, chunks: Iterable[bytes]) -> set[str]:
        """The same, for what is too large to be held at once."""
        found: set[str] = set()
        rest = b""
        for chunk in chunks:
            data = rest + chunk
            found |= self.of_bytes(data)
            rest = data[-_OVERLAP:]
        return found

    def of_tree(self, root: Path) -> dict[str, set[str]]:
        """By path: what the files below `root` hold, and what they are called."""
        found = {}
        for path in sorted(root.rglob("*")):
            names = self.of_bytes(str(path).encode())
            if path.is_symlink():
                names |= self.of_bytes(str(path.readlink()).encode())
            elif path.is_file():
                with path.open("rb") as file:
                    names |= self.of_chunks(iter(lambda: file.read(_CHUNK), b""))
            if names:
                found[str(path.relative_to(root))] = names
        return found

    def of_screen(self, raw: bytes) -> set[str]:
        """What a terminal was sent, with and without its control sequences."""
        return self.of_bytes(raw) | self.of_bytes(_ESCAPE_SEQUENCE.sub(b"", raw))


class ProcessWatch:
    """The arguments of every process of the machine, and the environment of the program's own."""

    def __init__(self, program: bytes) -> None:
        self._program = program
        self._ended = threading.Event()
        self.arguments: set[bytes] = set()
        self.environments: set[bytes] = set()

    def look(self) -> None:
        """Once."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                arguments = (entry / "cmdline").read_bytes()
                self.arguments.add(arguments)
                if self._program in arguments:
                    self.environments.add((entry / "environ").read_bytes())
            except OSError:  # it ended meanwhile
                continue

    def look_on(self) -> None:
        """Until the watch ends."""
        while not self._ended.wait(_LOOK_SECONDS):
            self.look()

    def end(self) -> None:
        """No more looks."""
        self._ended.set()


@contextmanager
def watched_processes(program: str) -> Iterator[ProcessWatch]:
    """Look at all processes, many times a second.

    Args:
        program: What the arguments of a process contain whose environment counts, too.
    """
    watch = ProcessWatch(program.encode())
    thread = threading.Thread(target=watch.look_on, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.end()
        thread.join()
