"""A project can be laid out from a checkout, and from nothing but the wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from spcs_worker_tui.adapters.template import PARTS, sql_files, template_files, template_folder
from support.needs import need

ROOT = Path(__file__).parents[2]
_LAY_OUT = """
import sys
from pathlib import Path
from spcs_worker_tui.adapters.project_folder import TemplateFolder
from spcs_worker_tui.adapters.template import PARTS, sql_files, template_folder
TemplateFolder().lay_out(Path(sys.argv[1]), PARTS, "PREFECT_API_KEY")
print(template_folder())
print(*(name for name, _ in sql_files()))
"""


def laid_out(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as a release is: through the source distribution."""
    uv = shutil.which("uv")
    need(uv is not None, "uv: pip install uv")
    out = tmp_path_factory.mktemp("dist")
    for more in (["--offline"], []):
        built = subprocess.run(
            [str(uv), "build", *more, "--out-dir", str(out), str(ROOT)],
            capture_output=True,
            text=True,
            check=False,
        )
        if built.returncode == 0:
            (found,) = out.glob("*.whl")
            return found
    pytest.fail(built.stderr)


def test_a_checkout_has_everything() -> None:
    assert template_folder() == ROOT
    assert [name[:2] for name, _ in sql_files()][:2] == ["01", "02"]
    for part in PARTS:
        assert template_files(part), part
    worker = [str(path) for path in template_files("worker")]
    assert "worker/spcs_worker/__main__.py" in worker
    assert not [path for path in worker if path.endswith(".pyc")]


@pytest.mark.timeout(300)
def test_the_wheel_alone_lays_out_the_same_project(wheel: Path, tmp_path: Path) -> None:
    installed, project, same = (tmp_path / name for name in ("installed", "project", "same"))
    zipfile.ZipFile(wheel).extractall(installed)
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    ran = subprocess.run(
        [sys.executable, "-P", "-c", _LAY_OUT, str(project)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    place, names = ran.stdout.splitlines()
    assert Path(place) == installed / "spcs_worker_tui" / "template"
    assert names.split() == [name for name, _ in sql_files()]
    from spcs_worker_tui.adapters.project_folder import TemplateFolder

    TemplateFolder().lay_out(same, PARTS, "PREFECT_API_KEY")
    assert laid_out(project) == laid_out(same)


@pytest.mark.timeout(300)
def test_the_template_in_the_wheel_is_no_package_that_is_imported(wheel: Path) -> None:
    """`spcs_worker` is what runs the sandbox's workers; its copy is only there to be built."""
    names = zipfile.ZipFile(wheel).namelist()
    assert "spcs_worker/__main__.py" in names
    assert "spcs_worker_tui/template/worker/spcs_worker/__main__.py" in names
    assert "spcs_worker_tui/template/__init__.py" not in names
