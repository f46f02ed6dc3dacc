"""Runs the snow command line again and again: imported once, forked for every run.

Nearly all of the seconds that a run of it costs are imports. This file is executed by the Python
of snow's own environment, so it may import nothing of this project. It reads one JSON object a
line, `{"argv": […], "cwd": …, "out": …, "err": …}`, and answers each with the exit status; the
two outputs go to the files named.
"""

from __future__ import annotations

import json
import os
import sys


def run(request: dict[str, str]) -> None:
    """Be the program, in a forked process; does not return."""
    os.chdir(request["cwd"])
    for number, key in ((1, "out"), (2, "err")):
        file = os.open(request[key], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    sys.argv = ["snow", *request["argv"]]
    from snowflake.cli._app.__main__ import main

    sys.exit(main())


def serve() -> None:
    """Answer requests until standard input ends."""
    # Everything that the program ever imports by itself is imported with this.
    import snowflake.cli._app.__main__  # noqa: F401
    from snowflake.cli._app.commands_registration import command_plugins_loader as loader

    # It builds the parsers of all its commands at every start, which is most of what is left.
    every = loader.get_builtin_plugin_name_to_plugin_spec()
    used = {name: every[name] for name in ("connection", "spcs", "sql")}
    loader.get_builtin_plugin_name_to_plugin_spec = lambda: used

    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            run(json.loads(line))
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
