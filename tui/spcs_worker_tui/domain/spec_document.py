"""A specification as a value: read from a file or from DESCRIBE, changed into new ones, sent.

A document is never changed: every `with_…` returns another. What is not about the thing that is
changed is carried over as it is, so that fields that this program does not know survive.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.secrecy import shown
from spcs_worker_tui.domain.spec_schema import SPECIFICATION, check_together
from spcs_worker_tui.domain.spec_source import Listing, Node, Scalar, plain
from spcs_worker_tui.domain.spec_source import Mapping as WrittenMapping
from spcs_worker_tui.domain.spec_text import spec_text
from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.domain.spec_check import Problem

Container = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable of a container: a literal, or from a Snowflake secret.

    Attributes:
        secret: The secret's name as the specification gives it; empty for a literal.
        secret_key: Which part of the secret: `secret_string`, `username`, `password` …
    """

    name: str
    value: str = field(default="", repr=False)
    secret: str = ""
    secret_key: str = ""

    @property
    def shown(self) -> str:
        """Where it comes from, or its value unless that looks like a credential."""
        return f"secret {self.secret}" if self.secret else one_line(shown(self.name, self.value))


@dataclass(frozen=True, slots=True)
class SpecDocument:
    """One specification, with its top-level fields; `tree` must not be changed."""

    tree: Mapping[str, Any]

    @property
    def text(self) -> str:
        """As it is sent: see `spec_text`."""
        return spec_text(self.tree)

    @property
    def container_names(self) -> tuple[str, ...]:
        """The containers' names, in their order."""
        return tuple(str(item.get("name", "")) for item in self._containers())

    @property
    def images(self) -> Mapping[str, str]:
        """Container to image, as written."""
        return {str(c.get("name", "")): str(c.get("image", "")) for c in self._containers()}

    def container(self, name: str = "") -> str:
        """The container of that name, or the first.

        Raises:
            ConfigurationError: There is none.
        """
        names = self.container_names
        if name and name not in names:
            raise ConfigurationError(
                f"the specification has no container {one_line(name)!r}",
                next_step=f"It has {', '.join(names) or 'none'}.",
            )
        if not names:
            raise ConfigurationError("the specification has no container")
        return name or names[0]

    def variables(self, container: str = "") -> tuple[Variable, ...]:
        """The variables of a container: literals in their order, then those from secrets."""
        found = self._container(container)
        literal = [Variable(n, str(v)) for n, v in _mapping(found.get("env")).items()]
        secret = [
            Variable(
                str(entry["envVarName"]),
                secret=secret_name(entry),
                secret_key=str(entry.get("secretKeyRef", "")),
            )
            for entry in _entries(found.get("secrets"))
            if entry.get("envVarName")
        ]
        return (*literal, *secret)

    def with_image(self, image: str, container: str = "") -> SpecDocument:
        """Another image in that container."""
        return self._changed(container, lambda c: c.__setitem__("image", image))

    def with_digests(self, digests: Mapping[str, str]) -> SpecDocument:
        """Images pinned: `image:tag@sha256:…`, by container; the others as they are."""
        document = self
        for name in self.container_names:
            if digest := digests.get(name):
                image = self.images[name].partition("@")[0]
                document = document.with_image(f"{image}@{digest}", name)
        return document

    def with_variable(self, name: str, value: str, container: str = "") -> SpecDocument:
        """A literal, whatever the variable was before; it keeps its place."""

        def change(found: Container) -> None:
            _drop_secret(found, name)
            found["env"] = {**_mapping(found.get("env")), name: value}

        return self._changed(container, change)

    def with_secret(
        self, name: str, secret: str, container: str = "", key: str = "secret_string"
    ) -> SpecDocument:
        """A variable from a secret, whatever it was before (contract 3.2)."""

        def change(found: Container) -> None:
            _drop_literal(found, name)
            entry = {
                "snowflakeSecret": {"objectName": secret},
                "secretKeyRef": key,
                "envVarName": name,
            }
            entries = list(_entries(found.get("secrets")))
            at = [i for i, old in enumerate(entries) if old.get("envVarName") == name]
            if at:
                entries[at[0]] = entry
            else:
                entries.append(entry)
            found["secrets"] = entries

        return self._changed(container, change)

    def without_variable(self, name: str, container: str = "") -> SpecDocument:
        """Neither as a literal nor from a secret."""

        def change(found: Container) -> None:
            _drop_literal(found, name)
            _drop_secret(found, name)

        return self._changed(container, change)

    def with_renamed_variable(self, old: str, new: str, container: str = "") -> SpecDocument:
        """The same value or secret under another name, in the same place; `new` is free."""

        def change(found: Container) -> None:
            env = _mapping(found.get("env"))
            if old in env:
                found["env"] = {new if name == old else name: v for name, v in env.items()}
            found_secrets = [
                {**entry, "envVarName": new} if entry.get("envVarName") == old else entry
                for entry in _entries(found.get("secrets"))
            ]
            if found_secrets:
                found["secrets"] = found_secrets

        return self._changed(container, change)

    def with_resources(
        self, requests: Mapping[str, str], limits: Mapping[str, str], container: str = ""
    ) -> SpecDocument:
        """These amounts; those not given as they are."""

        def change(found: Container) -> None:
            resources = _mapping(found.get("resources"))
            for part, amounts in (("limits", limits), ("requests", requests)):
                if amounts:
                    resources = {**resources, part: {**_mapping(resources.get(part)), **amounts}}
            if resources:
                found["resources"] = resources

        return self._changed(container, change)

    def without_hidden_values(self) -> SpecDocument:
        """Literals that look like credentials replaced by `secrecy.HIDDEN`, to be kept or shown."""
        document = self
        for container in self.container_names:
            for variable in self.variables(container):
                if not variable.secret and shown(variable.name, variable.value) != variable.value:
                    masked = shown(variable.name, variable.value)
                    document = document.with_variable(variable.name, masked, container)
        return document

    def _containers(self) -> list[Container]:
        return _entries(_mapping(self.tree.get("spec")).get("containers"))

    def _container(self, name: str) -> Container:
        wanted = self.container(name)
        return next(c for c in self._containers() if str(c.get("name", "")) == wanted)

    def _changed(self, name: str, change: Callable[[Container], None]) -> SpecDocument:
        wanted = self.container(name)
        tree = copy.deepcopy(dict(self.tree))
        found = next(c for c in tree["spec"]["containers"] if str(c.get("name", "")) == wanted)
        change(found)
        return SpecDocument(tree)


@dataclass(frozen=True, slots=True)
class DeployedDocument:
    """What DESCRIBE shows, fit to be sent again, and what the images are pinned to.

    Attributes:
        digests: Container to `sha256:…`; empty for a container that the server says nothing of.
    """

    document: SpecDocument
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def pinned(self) -> SpecDocument:
        """The same specification with the same images, whatever their tags are now."""
        return self.document.with_digests(self.digests)


def written_document(node: Node, name: str) -> SpecDocument:
    """A specification that somebody wrote, checked.

    Args:
        node: As it was written.
        name: Of the file, for messages.

    Raises:
        ConfigurationError: Anything is wrong with it; it says everything that is.
    """
    problems: list[Problem] = []
    tree = SPECIFICATION.read(node, "", problems.append)
    check_together(node, problems.append)
    if problems or tree is None:
        first, *others = (f"{name}, {problem}" for problem in sorted(set(problems)))
        raise ConfigurationError(
            first, others=others, next_step="Correct the file; nothing was sent."
        )
    return SpecDocument(tree)


def deployed_document(node: Node) -> DeployedDocument:
    """What DESCRIBE SERVICE shows, without what only the server writes (contract 1.2).

    Nothing is checked: the server accepted it, and may know fields that are unknown here.

    Raises:
        ConfigurationError: It is no specification at all.
    """
    tree = plain(_with_texts(node))
    spec = _mapping(_mapping(tree).get("spec"))
    containers = _entries(spec.get("containers"))
    if not containers:
        raise ConfigurationError("the specification that the server shows has no container")
    digests = {}
    for container in containers:
        pinned = str(container.pop("sha256", "") or "").removeprefix("@")
        if pinned:
            digests[str(container.get("name", ""))] = pinned
    return DeployedDocument(SpecDocument(tree), digests)


def secret_name(entry: Mapping[str, Any]) -> str:
    """The secret that an element of `secrets` names."""
    reference = entry.get("snowflakeSecret")
    if isinstance(reference, Mapping):
        reference = reference.get("objectName") or reference.get("objectReference")
    return str(reference or "")


def _with_texts(node: Node, *, texts: bool = False) -> Node:
    """The same with every value of `env` as text: values become strings (contract 3.1)."""
    match node:
        case WrittenMapping():
            return WrittenMapping(
                [
                    (key, _with_texts(value, texts=texts or key.text == "env"))
                    for key, value in node.entries
                ],
                node.line,
            )
        case Listing():
            return Listing([_with_texts(item, texts=texts) for item in node.items], node.line)
        case Scalar():
            return Scalar(node.text, node.quoted or texts, node.line)


def _drop_literal(container: Container, name: str) -> None:
    env = {key: value for key, value in _mapping(container.get("env")).items() if key != name}
    _keep(container, "env", env)


def _drop_secret(container: Container, name: str) -> None:
    entries = [e for e in _entries(container.get("secrets")) if e.get("envVarName") != name]
    _keep(container, "secrets", entries)


def _keep(container: Container, field_name: str, value: Any) -> None:
    """Set a field that must not be empty."""
    if value:
        container[field_name] = value
    else:
        container.pop(field_name, None)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _entries(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
