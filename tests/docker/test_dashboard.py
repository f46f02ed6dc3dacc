"""Deployed with the dashboard's keys in a real pseudo-terminal: engine, image, registry real."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from support.engine import DockerEngine
from support.pressing import ENTER, SOON, approved, close, planned
from support.site import PLACE, running_site
from support.small_project import SERVICE, SmallProject
from support.terminal import Terminal

FLEET = 60.0


@pytest.mark.timeout(300)
async def test_a_deployment(
    docker_engine: DockerEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the service is made, then it is given what was built of the changed source."""
    monkeypatch.setenv("DOCKER_HOST", docker_engine.host)
    with running_site(prefect=False) as site:
        project = SmallProject.make(tmp_path / "project", docker_engine, site)
        argv = [sys.executable, "-m", "spcs_worker_tui.cli.main"]
        environment = project.program.environment(**project.variables, TERM="xterm-256color")

        def deploy(*said: str) -> str:
            with Terminal(
                argv, environment, columns=160, rows=50, cwd=str(project.folder)
            ) as terminal:
                terminal.wait_for(r"Services \d", FLEET)
                terminal.send("b")
                terminal.wait_for("The project here", SOON)
                terminal.send("d")
                terminal.wait_for(r"Deploy for which environment of spcs-worker\.toml", SOON)
                terminal.send(ENTER)
                planned(terminal, r"Build small:1", r"Push small:1", *said)
                approved(terminal, "Deploy")
                close(terminal)
                terminal.wait_for(rf"{SERVICE}\b.*RUNNING\s+1/1", SOON)
                terminal.send("q")
                assert terminal.wait_exit(20) == 0
            return str(site.until_ready(SERVICE)["image_digest"])

        first = await asyncio.to_thread(deploy, f"Create {PLACE}.{SERVICE}")
        main = project.folder / "main.py"
        main.write_text(main.read_text() + "# new\n")
        second = await asyncio.to_thread(deploy, rf"small:1 \({first[7:19]}\) -> small:1")
        assert second != first
        (image,) = (
            row
            for row in site.rows(f"SHOW IMAGES IN IMAGE REPOSITORY {PLACE}.IMAGES")
            if row["tags"] == "1"
        )
        assert image["digest"] == second
