"""What is made of an engine's words: Docker 20.10 and 28 said these."""

from __future__ import annotations

from typing import Any

import pytest

from spcs_worker_tui.adapters.docker.reading import BuildReading, PushReading
from spcs_worker_tui.adapters.docker.refusals import push_failed
from spcs_worker_tui.domain.building import Progress
from spcs_worker_tui.domain.errors import BuildFailedError, RegistryError

REFERENCE = "acme-eu1.registry.snowflakecomputing.com/db/s/repo/worker:1"


def read(*events: dict[str, Any]) -> tuple[BuildReading, list[Progress]]:
    told: list[Progress] = []
    reading = BuildReading(told.append)
    for event in events:
        reading.take(event)
    return reading, told


def failure(*events: dict[str, Any]) -> BuildFailedError:
    with pytest.raises(BuildFailedError) as caught:
        read(*events)
    assert caught.value.next_step
    return caught.value


def error(message: str) -> dict[str, Any]:
    return {"errorDetail": {"message": message}, "error": message}


def test_steps_and_what_they_print():
    reading, told = read(
        {"stream": "Step 1/2 : FROM base"},
        {"stream": "\n"},
        {"stream": " ---> 0123456789ab\n"},
        {"stream": "Step 2/2 : RUN make"},
        {"stream": "\n"},
        {"stream": " ---> Running in 0123456789ab\n"},
        {"stream": "one\ntw"},
        {"stream": "o\n"},
        {"stream": "10%\r90%\r100%\r\n"},
        {"stream": "Removing intermediate container 0123456789ab\n"},
        {"aux": {"ID": "sha256:abc"}},
        {"stream": "Successfully built 0123456789ab\n"},
        {"stream": "Successfully tagged worker:1\n"},
    )
    assert told == [
        Progress("Step 1/2: FROM base", done=1, total=2),
        Progress("Step 2/2: RUN make", done=2, total=2),
        Progress("one"),
        Progress("two"),
        Progress("100%"),
    ]
    assert reading.image_id == "sha256:abc"


def test_a_step_from_the_cache():
    _, told = read({"stream": "Step 1/1 : FROM x\n"}, {"stream": " ---> Using cache\n"})
    assert told[-1].text == "taken from the cache"


def test_a_base_image_on_its_way():
    _, told = read(
        {"status": "Pulling from library/ubuntu", "id": "24.04"},
        {
            "status": "Downloading",
            "id": "0123456789ab",
            "progressDetail": {"current": 5, "total": 10},
        },
    )
    assert told == [
        Progress("Pulling from library/ubuntu", "24.04"),
        Progress("Downloading", "0123456789ab", 5, 10),
    ]


def test_text_from_a_build_is_only_text():
    _, told = read({"stream": "\x1b[31mred\x1b[0m\x1b]0;title\x07 [bold]\u202e\n"})
    assert told == [Progress("red [bold]")]


def test_the_line_that_failed_and_its_last_words():
    caught = failure(
        {"stream": "Step 1/2 : FROM base\n"},
        {"stream": "Step 2/2 : RUN uv pip install --require-hashes\n"},
        {"stream": "Resolving\nNo solution found: nosuchpackage\n"},
        error("The command '/bin/sh -c uv pip' returned a non-zero code: 3"),
    )
    assert str(caught) == (
        "step 2 of 2, RUN uv pip install --require-hashes, failed: it ended with exit code 3; "
        "its last words: No solution found: nosuchpackage"
    )


def test_words_without_an_end_of_line_are_last_words_too():
    caught = failure(
        {"stream": "Step 1/1 : RUN x\n"},
        {"stream": "Segmentation fault"},
        error("The command '/bin/sh -c x' returned a non-zero code: 139"),
    )
    assert "its last words: Segmentation fault" in str(caught)


@pytest.mark.parametrize(
    ("message", "said", "step"),
    [
        (
            "dockerfile parse error line 3: unknown instruction: RUNN",
            "it cannot be built: dockerfile parse error line 3",
            "Correct that line",
        ),
        (
            "pull access denied for nobody/nothing, repository does not exist or may require "
            "'docker login'",
            "pull access denied for nobody/nothing",
            "docker login",
        ),
        ("manifest for ubuntu:0 not found: manifest unknown", "manifest unknown", "BASE_IMAGE"),
        (
            "image with reference base was found but does not match the specified platform: "
            "wanted linux/amd64, actual: linux/arm64",
            "wanted linux/amd64, actual: linux/arm64",
            "for linux/amd64",
        ),
        (
            "write /var/lib/docker/tmp/x: no space left on device",
            "the disk of the Docker engine is full",
            "docker builder prune",
        ),
        (
            "the --mount option requires BuildKit. Refer to https://docs.docker.com/",
            "the --mount option requires BuildKit",
            "classic builder",
        ),
        ("something new", "it cannot be built: something new", "run the same command again"),
    ],
)
def test_what_cannot_be_built(message: str, said: str, step: str):
    caught = failure(error(message))
    assert said in str(caught)
    assert step in caught.next_step


@pytest.mark.parametrize(
    ("printed", "message", "step"),
    [
        ("tar: write error: No space left on device", "code: 2", "docker builder prune"),
        ("cp: no space left on device", "The command 'cp' returned a non-zero code: 1", "prune"),
        (
            "exec /bin/sh: exec format error",
            "The command '/bin/sh -c x' returned a non-zero code: 1",
            "install emulation",
        ),
    ],
)
def test_the_cause_stands_in_what_was_printed(printed: str, message: str, step: str):
    caught = failure({"stream": "Step 1/1 : RUN x\n"}, {"stream": f"{printed}\n"}, error(message))
    assert step in caught.next_step


def test_a_push_layer_by_layer():
    told: list[Progress] = []
    reading = PushReading(told.append, REFERENCE)
    for event in (
        {"status": "The push refers to repository [x]"},
        {"status": "Preparing", "progressDetail": {}, "id": "a"},
        {"status": "Pushing", "progressDetail": {"current": 12, "total": 10}, "id": "a"},
        {"status": "Pushing", "progressDetail": {"current": 12}, "id": "b"},
        {"status": "Layer already exists", "progressDetail": {}, "id": "c"},
        {"status": "1: digest: sha256:abc size: 1"},
        {"progressDetail": {}, "aux": {"Tag": "1", "Digest": "sha256:abc", "Size": 1}},
    ):
        reading.take(event)
    assert told == [
        Progress("Preparing", "a"),
        Progress("Pushing", "a", 10, 10),
        Progress("Pushing", "b"),
        Progress("Layer already exists", "c"),
    ]
    assert reading.digest == "sha256:abc"


@pytest.mark.parametrize(
    ("message", "said", "step"),
    [
        ("unauthorized: authentication required", "refused the sign-in", "network policy"),
        ("Head https://x/v2/: unauthorized", "refused the sign-in", "Run it again"),
        (
            "denied: Image Repository 'DB.S.REPO' does not exist or not authorized",
            "does not let this role push",
            "GRANT READ, WRITE ON IMAGE REPOSITORY DB.S.REPO TO ROLE",
        ),
        ("dial tcp 10.0.0.1:443: connect: connection refused", "does not reach", "proxy"),
        ("dial tcp: lookup x on 1.1.1.1:53: no such host", "does not reach", "network"),
        ("net/http: request canceled (Client.Timeout exceeded)", "does not reach", "same command"),
        (
            "x509: certificate signed by unknown authority",
            "does not trust the registry",
            "/etc/docker/certs.d/acme-eu1.registry.snowflakecomputing.com/ca.crt",
        ),
        ("http: server gave HTTP response to HTTPS client", "does not trust", "certificate"),
        ("write /var/lib/docker/x: no space left on device", "ran out of disk", "push again"),
        ("received unexpected HTTP status: 500", "the push to acme-eu1", "same command again"),
    ],
)
def test_what_a_registry_refuses(message: str, said: str, step: str):
    reading = PushReading(lambda _: None, REFERENCE)
    with pytest.raises(RegistryError) as caught:
        reading.take(error(message))
    assert said in str(caught.value)
    assert step in caught.value.next_step


def test_an_error_without_words():
    assert "the push to acme-eu1" in str(push_failed("", REFERENCE))
