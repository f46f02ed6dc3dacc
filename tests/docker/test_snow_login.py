"""The `snow` command logs the `docker` command in to the sandbox's registry."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support.engine import DockerEngine
from support.site import running_site
from support.snow import install_snow

pytestmark = pytest.mark.timeout(300)


def test_login_by_snow_then_push_by_docker(docker_engine: DockerEngine, tmp_path: Path):
    snow = install_snow()
    with running_site(prefect=False) as site:
        environment = {
            **docker_engine.environment,
            "HOME": str(tmp_path),
            "SNOWFLAKE_HOME": str(site.sandbox.home),
            "SNOWFLAKE_CLI_IGNORE_NEW_VERSION_WARNING": "true",
            "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true",
            "NO_PROXY": "127.0.0.1",
            "DOCKER_CONFIG": str(tmp_path / "docker"),
        }
        login = subprocess.run(
            [snow, "spcs", "image-registry", "login", "-c", site.sandbox.connections[0]],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert login.returncode == 0, login.stdout + login.stderr
        assert "Login Succeeded" in login.stdout
        name = f"{site.repository_url}/base:1"
        docker_engine.command("tag", docker_engine.base_image, name)
        pushed = docker_engine.command("push", name, config=tmp_path / "docker")
        docker_engine.command("rmi", name)
        assert pushed.returncode == 0, pushed.stderr
        (image,) = site.rows("SHOW IMAGES IN IMAGE REPOSITORY LAB.WORK.IMAGES")
        assert f"digest: {image['digest']}" in pushed.stdout
