"""The image that test images are made from: Debian with Python 3.11, made here.

No image can be pulled where the tests run, so debootstrap makes it from Debian's packages. It
trusts the certificate authorities that this machine trusts: the way out may be a proxy with one of
its own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import platformdirs

from support.needs import need

SUITE = "bookworm"
PACKAGES = "python3,ca-certificates"
_AUTHORITIES = Path("usr/local/share/ca-certificates")
_NOT_NEEDED = (
    *("./dev/*", "./proc/*", "./sys/*"),
    *("./usr/share/doc/*", "./usr/share/man/*", "./usr/share/locale/*"),
    *("./var/cache/apt/*", "./var/lib/apt/lists/*"),
)
_VERSION = "1"
"""To be raised when what is below makes another image."""


def base_image_archive() -> Path:
    """A tar of its file system, for `docker import`; made once per machine (minutes), then kept."""
    cache = Path(platformdirs.user_cache_dir("spcs-worker-tui-tests"))
    archive = cache / f"base-{_key()}.tar"
    if not archive.exists():
        need(
            shutil.which("debootstrap") is not None and os.geteuid() == 0,
            "debootstrap, as root: apt-get install debootstrap",
        )
        cache.mkdir(parents=True, exist_ok=True)
        for outdated in cache.glob("base-*.tar"):
            outdated.unlink()
        _make(archive)
    return archive


def _authorities() -> list[Path]:
    return sorted((Path("/") / _AUTHORITIES).glob("**/*.crt"))


def _key() -> str:
    recipe = hashlib.sha256(f"{_VERSION} {SUITE} {PACKAGES}".encode())
    for authority in _authorities():
        recipe.update(authority.read_bytes())
    return recipe.hexdigest()[:16]


def _make(archive: Path) -> None:
    with tempfile.TemporaryDirectory(dir=archive.parent) as directory:
        root = Path(directory) / "root"
        _run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root))
        for authority in _authorities():
            shutil.copy(authority, root / _AUTHORITIES / authority.name)
        _run("chroot", str(root), "update-ca-certificates")
        fresh = Path(directory) / "base.tar"
        excluded = [f"--exclude={pattern}" for pattern in _NOT_NEEDED]
        _run("tar", "-C", str(root), *excluded, "-cf", str(fresh), ".")
        fresh.rename(archive)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
