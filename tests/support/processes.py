"""Which processes belong to a program that a test started."""

from __future__ import annotations

from pathlib import Path


def _parents() -> dict[int, int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:  # it ended meanwhile
                continue
            parents[int(entry.name)] = int(stat.rsplit(")", 1)[1].split()[1])
    return parents


def marked_processes(pid: int) -> dict[int, str]:
    """The process and its descendants, each with the time it was started, as proof of identity."""
    parents = _parents()
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return {member: started for member in family if (started := _started(member))}


def alive(processes: dict[int, str]) -> dict[int, str]:
    """Those of the processes that still run; zombies do not count."""
    return {pid: started for pid, started in processes.items() if _started(pid) == started}


def container_main_processes(root: int, database: str, service: str) -> list[int]:
    """The main processes of that service's containers in the sandbox that `root` started."""
    wanted = {f"SNOWFLAKE_DATABASE={database}", f"SNOWFLAKE_SERVICE_NAME={service}"}
    parents = _parents()
    found = [pid for pid in marked_processes(root) if wanted <= _environment(pid)]
    # The runs of a worker inherit its environment; its main process is the one without such parent.
    return [pid for pid in found if parents.get(pid) not in found]


def _started(pid: int) -> str:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def _environment(pid: int) -> set[str]:
    try:
        return set(Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0"))
    except OSError:
        return set()
