"""What differs between two specifications, by meaning: in words that a person decides by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from spcs_worker_tui.domain.amounts import cpu_of, memory_of
from spcs_worker_tui.domain.secrecy import HIDDEN, looks_like_a_key
from spcs_worker_tui.domain.spec_document import SpecDocument, Variable, secret_name
from spcs_worker_tui.domain.sync import image_reference
from spcs_worker_tui.domain.text import one_line

_COMPARED = (
    "name",
    "image",
    "env",
    "secrets",
    "resources",
    "readinessProbe",
    "livenessProbe",
)
"""What of a container is compared by its meaning; the rest is compared value by value."""
_SHORT = 12
_LONGEST_VALUE = 120


class Area(StrEnum):
    """What a change is about."""

    IMAGE = "image"
    VARIABLE = "variable"
    RESOURCES = "resources"
    PROBE = "probe"
    CONTAINER = "container"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs, in words fit to be shown: no value that looks like a credential.

    Attributes:
        subject: What it is about, as in `variable LIMIT` or `image`.
        container: Whose it is; empty where it is the whole service's.
        before: What it was; None where it was not there.
        after: What it will be; None where it will be gone.
    """

    area: Area
    subject: str
    before: str | None
    after: str | None
    container: str = ""

    @property
    def field(self) -> str:
        """One word for lists, as in `worker.LIMIT`."""
        name = self.subject.rpartition(" ")[2]
        return f"{self.container}.{name}" if self.container else name

    def __str__(self) -> str:
        place = f"{self.container}: " if self.container else ""
        if self.before is None:
            return f"{place}{self.subject} added: {self.after}"
        if self.after is None:
            return f"{place}{self.subject} removed (was {self.before})"
        return f"{place}{self.subject}: {self.before} -> {self.after}"


@dataclass(frozen=True, slots=True)
class SpecDifference:
    """All that differs, images first."""

    changes: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    @property
    def words(self) -> tuple[str, ...]:
        """One line for each change."""
        return tuple(str(change) for change in self.changes)

    @property
    def fields(self) -> tuple[str, ...]:
        """What differs, in one word each: for `DeployedSpec.differing_fields`."""
        return tuple(change.field for change in self.changes)

    @property
    def summary(self) -> str:
        """One line, for lists."""
        counts: dict[Area, int] = {}
        for change in self.changes:
            counts[change.area] = counts.get(change.area, 0) + 1
        words = [f"{n} {area}{'' if n == 1 else 's'}" for area, n in counts.items()]
        return ", ".join(words).replace("resourcess", "resources") or "nothing"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two specifications.

    Attributes:
        digests: Container to the digest its image is pinned to, where that is known.
    """

    document: SpecDocument
    digests: Mapping[str, str] = field(default_factory=dict)

    def digest(self, container: str) -> str:
        """What the container's image is pinned to, by the image itself or by `digests`."""
        _, _, pinned = self.document.images.get(container, "").partition("@")
        return pinned or self.digests.get(container, "")


def compare(
    before: Side, after: Side, *, home: Sequence[str] = (), filled_in: bool = False
) -> SpecDifference:
    """What has to change to get from one to the other.

    Args:
        before: What is there.
        after: What is wanted.
        home: Database and schema of the service, by which secrets' names are qualified.
        filled_in: `before` is as the server shows it and `after` as somebody wrote it: resources
            that only `before` has are the server's own (contract 1.2) and no difference.
    """
    return SpecDifference(tuple(_Comparison(before, after, tuple(home), filled_in).changes()))


@dataclass(frozen=True, slots=True)
class _Comparison:
    before: Side
    after: Side
    home: tuple[str, ...]
    filled_in: bool

    def changes(self) -> Iterator[Change]:
        old, new = (_by_name(_part(side.document, "containers")) for side in self._sides)
        for name in [*new, *(name for name in old if name not in new)]:
            if name not in old:
                image = _image(self.after, name)
                yield Change(Area.CONTAINER, f"container {name}", None, image)
            elif name not in new:
                image = _image(self.before, name)
                yield Change(Area.CONTAINER, f"container {name}", image, None)
            else:
                yield from self._container(name, old[name], new[name])
        yield from self._rest()

    @property
    def _sides(self) -> tuple[Side, Side]:
        return self.before, self.after

    def _container(
        self, name: str, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> Iterator[Change]:
        yield from self._images(name)
        yield from self._variables(name)
        for part in ("requests", "limits"):
            yield from self._resources(name, part, old, new)
        for probe, period in (("readinessProbe", 5), ("livenessProbe", 10)):
            was, will = (_probe(c.get(probe), period) for c in (old, new))
            if was != will:
                yield Change(Area.PROBE, probe, was, will, name)
        was_files, will_files = (_secret_files(c.get("secrets"), self.home) for c in (old, new))
        yield from _differing(was_files, will_files, "secret in ", name)
        yield from _differing(_without(old, *_COMPARED), _without(new, *_COMPARED), "", name)

    def _images(self, name: str) -> Iterator[Change]:
        old, new = (side.document.images[name] for side in self._sides)
        old_digest, new_digest = (side.digest(name) for side in self._sides)
        same_path = _path(old) == _path(new)
        if same_path and (not new_digest or old_digest == new_digest):
            return
        yield Change(Area.IMAGE, "image", _image(self.before, name), _image(self.after, name), name)

    def _variables(self, name: str) -> Iterator[Change]:
        old, new = ({v.name: v for v in side.document.variables(name)} for side in self._sides)
        for variable in [*new, *(v for v in old if v not in new)]:
            was, will = old.get(variable), new.get(variable)
            if _source(was, self.home) != _source(will, self.home):
                subject = f"variable {variable}"
                words = (_value_words(was, will), _value_words(will, was))
                yield Change(Area.VARIABLE, subject, *words, name)

    def _resources(
        self, name: str, part: str, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> Iterator[Change]:
        was, will = (_map(_map(c.get("resources")).get(part)) for c in (old, new))
        for resource in [*will, *(r for r in was if r not in will)]:
            if self.filled_in and resource not in will:
                continue
            before, after = was.get(resource), will.get(resource)
            if _amount(resource, before) != _amount(resource, after):
                subject = f"{part[:-1]} of {resource}"
                yield Change(Area.RESOURCES, subject, _text(before), _text(after), name)

    def _rest(self) -> Iterator[Change]:
        for listing in ("endpoints", "volumes"):
            old, new = (_by_name(_part(side.document, listing)) for side in self._sides)
            yield from _differing(old, new, f"{listing[:-1]} ")
        old, new = (_beside_containers(side.document.tree) for side in self._sides)
        yield from _differing(old, new)


def _beside_containers(tree: Mapping[str, Any]) -> dict[str, Any]:
    spec = _map(tree.get("spec"))
    return {**_without(tree, "spec"), **_without(spec, "containers", "endpoints", "volumes")}


def _differing(
    old: Mapping[str, Any], new: Mapping[str, Any], noun: str = "", container: str = ""
) -> Iterator[Change]:
    """Every name whose value differs; what the server assumes anyway is no difference."""
    for name in [*new, *(n for n in old if n not in new)]:
        was, will = _normal(old.get(name)), _normal(new.get(name))
        assumed = _ASSUMED.get(name)
        if was != will and not (
            assumed is not None and (was in (assumed, None) and will in (assumed, None))
        ):
            yield Change(Area.OTHER, f"{noun}{name}", _text(was), _text(will), container)


_ASSUMED = {"mountSessionToken": True}
_ASSUMED_IN_ENDPOINTS = {"public": False, "protocol": "HTTP"}


def _normal(value: Any) -> Any:
    """What the server assumes left out, maps in one order."""
    if isinstance(value, Mapping):
        return {
            key: _normal(item)
            for key, item in sorted(value.items())
            if _ASSUMED_IN_ENDPOINTS.get(key, ...) != item
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_normal(item) for item in value]
    return value


def _path(image: str) -> str:
    reference = image_reference(image.partition("@")[0])
    return image if reference is None else f"{reference.repository}/{reference}"


def _image(side: Side, container: str) -> str:
    image = side.document.images[container]
    reference = image_reference(image.partition("@")[0])
    digest = side.digest(container).removeprefix("sha256:")[:_SHORT]
    name = one_line(image) if reference is None else str(reference)
    return f"{name} ({digest})" if digest else name


def _source(variable: Variable | None, home: tuple[str, ...]) -> tuple[str, ...] | None:
    if variable is None:
        return None
    if variable.secret:
        return ("secret", qualified(variable.secret, home), variable.secret_key)
    return ("literal", variable.value)


def qualified(secret: str, home: Sequence[str]) -> str:
    """A secret's three names in upper case; those left out are the service's (contract 3.2)."""
    if '"' in secret:
        return secret
    parts = secret.upper().split(".")
    return ".".join([*tuple(home)[: max(0, 3 - len(parts))], *parts])


def _value_words(variable: Variable | None, other: Variable | None) -> str | None:
    """The value, hidden on both sides when it looks like a credential on either."""
    if variable is None or variable.secret:
        return None if variable is None else f"secret {variable.secret}"
    hidden = any(looks_like_a_key(v.name, v.value) for v in (variable, other) if v is not None)
    return HIDDEN if hidden else repr(one_line(variable.value, _LONGEST_VALUE))


def _secret_files(value: Any, home: tuple[str, ...]) -> dict[str, str]:
    """Secrets that are delivered as files, by their directory."""
    entries = [item for item in value if isinstance(item, Mapping)] if value else []
    return {
        str(entry["directoryPath"]): qualified(secret_name(entry), home)
        for entry in entries
        if entry.get("directoryPath")
    }


def _probe(value: Any, period: int) -> str | None:
    probe = _map(value)
    if not probe:
        return None
    every = probe.get("periodSeconds", period)
    failures = probe.get("failureThreshold", 3)
    where = f"{probe.get('path', '')} on port {probe.get('port', '')}"
    return f"GET {where} every {every} s, {failures} failures"


_AMOUNTS: Mapping[str, Callable[[str], object]] = {"cpu": cpu_of, "memory": memory_of}


def _amount(resource: str, value: Any) -> object:
    if value is None:
        return None
    known = _AMOUNTS.get(resource)
    read = known(str(value)) if known is not None else None
    return str(value) if read is None else read


def _by_name(items: Any) -> dict[str, Mapping[str, Any]]:
    listed = items if isinstance(items, list) else []
    return {str(item.get("name", "")): item for item in listed if isinstance(item, Mapping)}


def _part(document: SpecDocument, name: str) -> Any:
    return _map(document.tree.get("spec")).get(name)


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _without(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key not in names}


def _text(value: Any) -> str | None:
    """A value in words; None where there is none."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key}: {_text(item)}" for key, item in value.items())
        return one_line(f"{{{inner}}}", _LONGEST_VALUE)
    if isinstance(value, list):
        return one_line(f"[{', '.join(str(_text(item)) for item in value)}]", _LONGEST_VALUE)
    return HIDDEN if looks_like_a_key("", str(value)) else one_line(str(value), _LONGEST_VALUE)
