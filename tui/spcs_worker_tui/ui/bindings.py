"""Every key of the dashboard, in one place.

Screens and widgets take their bindings from here; the key bar, the help screen, the command
palette and docs/keys.md are made from the same lists, so none of them can forget a key. Every
binding has an id, by which a keymap can move it, and a tooltip, which is its help.

Plain letters look at something or open a question. Nothing irreversible has a key: dropping a
service is a typed command only.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from textual.binding import Binding


def _bind(key: str, action: str, label: str, name: str, help_text: str, **rest: bool) -> Binding:
    return Binding(key, action, label, id=name, tooltip=help_text, show=rest.get("show", False))


def _change(key: str, what: str, label: str, name: str, help_text: str, **rest: bool) -> Binding:
    """Asks for one of `possible.NAMES`."""
    return _bind(key, f"app.change('{what}')", label, name, help_text, **rest)


SCROLL = (
    _bind("down,j", "scroll_line(1)", "Down", "view.down", "One line down"),
    _bind("up,k", "scroll_line(-1)", "Up", "view.up", "One line up"),
    _bind("home,g", "scroll_edge(-1)", "Top", "view.top", "To the first line"),
    _bind("end,G", "scroll_edge(1)", "Bottom", "view.bottom", "To the last line"),
    _bind("pagedown,ctrl+f", "scroll_half(1)", "Page down", "view.page-down", "One page down"),
    _bind("pageup,ctrl+b", "scroll_half(-1)", "Page up", "view.page-up", "One page up"),
    _bind("left", "scroll_side(-1)", "Left", "view.left", "To the left, where lines are long"),
    _bind("right", "scroll_side(1)", "Right", "view.right", "To the right, where lines are long"),
)

APP = (
    _bind("question_mark,f1", "help", "Help", "app.help", "What every key does", show=True),
    _bind(
        "colon,ctrl+p", "command_palette", "Commands", "app.commands", "Find a command by its name",
    ),
    _bind(
        "ctrl+c", "quit_on_second", "Quit", "app.quit",
        "Pressed twice: quit. With text selected: copy it",
    ),
)  # fmt: skip

_CHANGES = (
    _change(
        "z", "suspend", "Suspend", "service.suspend",
        "Show the plan to suspend it, or to resume it, and ask", show=True,
    ),
    _change(
        "u", "update", "Update", "service.update",
        "Choose an image or a specification, show the plan to roll it out, and ask", show=True,
    ),
    _change(
        "e", "environment", "Env", "service.environment",
        "The environment variables, to be looked at and edited", show=True,
    ),
    _change(
        "b", "project", "Build", "project.menu",
        "Build, push or deploy an environment of spcs-worker.toml", show=True,
    ),
    _change("R", "restart", "Restart", "service.restart", "Show the plan to restart it, and ask"),
    _change(
        "C", "scale", "Scale", "service.scale",
        "Say how many instances there should be, show the plan, and ask",
    ),
    _change(
        "B", "rollback", "Roll back", "service.rollback",
        "Choose what was deployed before, show the plan to go back to it, and ask",
    ),
    _change(
        "P", "work", "Work pool", "work-pool.menu",
        "Pause, resume, limit, prune or try out its work pool",
    ),
    _change(
        "K", "key", "Key", "key.give",
        "Type a password or key that is lacking, or a new one for its Prefect API",
    ),
    _bind("p", "app.progress", "Progress", "change.show", "The change under way, or the last one"),
    _bind(
        "D", "app.doctor", "Doctor", "doctor.open",
        "Doctor: look for what is wrong, and what helps",
    ),
    _bind("a", "app.audit", "Audit", "change.audit", "What was changed from here, and how it went"),
)  # fmt: skip

_ABOUT_SERVICE = (
    _bind("w", "page('why')", "Why", "service.why", "Why the verdict is what it is", show=True),
    _bind("l", "page('log')", "Log", "service.log", "The log on the full screen", show=True),
    _bind("d", "page('describe')", "Describe", "service.describe", "Everything known about it"),
    _bind("y", "page('spec')", "Spec", "service.spec", "The deployed specification"),
    *_CHANGES,
    _bind("c", "copy", "Copy", "view.copy", "Copy what is selected or shown to the clipboard"),
    _bind("r,f5,ctrl+r", "app.refresh_now", "Refresh", "fleet.refresh", "Look again now"),
    _bind("space", "app.pause", "Pause", "fleet.pause", "Hold the picture still, or let it go on"),
)

FLEET = (
    _bind("enter", "open", "Open", "service.open", "Open the service; on a connection: sign in"),
    *_ABOUT_SERVICE,
    _bind("slash", "filter", "Filter", "fleet.filter", "Show only the rows that match", show=True),
    _bind(
        "exclamation_mark", "problems", "Problems", "fleet.problems",
        "Show only what is neither healthy nor suspended", show=True,
    ),
    _bind("s", "sort", "Sort", "fleet.sort", "Choose the column to sort by", show=True),
    _bind("S", "reverse", "Reverse", "fleet.reverse", "Sort the other way round"),
    _bind(
        "escape", "clear", "Clear", "fleet.clear",
        "Clear the filter and show all rows, back to the table", show=True,
    ),
    _bind("1", "pane('fleet')", "Table", "pane.fleet", "To the table"),
    _bind("2", "pane('log')", "Log pane", "pane.log", "To the log pane"),
    _bind("3", "pane('workers')", "Workers pane", "pane.workers", "To the workers pane"),
    _bind("n", "app.set_up", "Set up", "setup.open",
          "Leave the dashboard for the set-up of a worker, and come back afterwards"),
    _bind("q", "app.quit", "Quit", "app.leave", "Quit, from the fleet only", show=True),
)  # fmt: skip

SERVICE = (
    _bind("escape,h", "back", "Back", "service.back", "Back to the fleet", show=True),
    *_ABOUT_SERVICE,
    _bind("1", "page('overview')", "Overview", "service.overview", "What runs, and how it is"),
    _bind("2", "page('why')", "Why", "service.why-page", "Why the verdict is what it is"),
    _bind("3", "page('describe')", "Describe", "service.describe-page", "Everything known"),
    _bind("4", "page('spec')", "Spec", "service.spec-page", "The deployed specification"),
    _bind("5", "page('log')", "Log", "service.log-page", "The log on the full screen"),
    _bind("full_stop,right_square_bracket", "turn(1)", "Next", "service.next", "The next page"),
    _bind("comma,left_square_bracket", "turn(-1)", "Previous", "service.previous", "Page before"),
)  # fmt: skip

LOG = (
    _bind("space", "hold", "Pause", "log.pause", "Stop following, or follow again", show=True),
    _bind("f", "follow", "Follow", "log.follow", "Follow the newest line", show=True),
    _bind("w", "wrap", "Wrap", "log.wrap", "Wrap long lines, or let them run on", show=True),
    _bind("t", "timestamps", "Times", "log.timestamps", "Show or hide the times", show=True),
    _bind("c", "copy", "Copy", "log.copy", "Copy the selected text, or all lines that are kept"),
)

_BUTTONS = (
    _bind("right,down", "app.focus_next", "Next", "plan.next", "To the next button or choice"),
    _bind("left,up", "app.focus_previous", "Previous", "plan.previous", "To the one before"),
)

PLAN = (
    _bind(
        "escape,ctrl+c", "cancel", "Cancel", "plan.cancel",
        "Change nothing; while it is under way: ask whether to leave it running or to stop it",
    ),
    *_BUTTONS,
    _bind("pagedown,ctrl+f", "scroll_text(1)", "Down", "plan.page-down", "Read on"),
    _bind("pageup,ctrl+b", "scroll_text(-1)", "Up", "plan.page-up", "Read what was before"),
)  # fmt: skip

OPTION = (
    _bind("space,enter,right", "turn(1)", "Next", "option.next", "Take the next value"),
    _bind("left", "turn(-1)", "Previous", "option.previous", "Take the value before"),
)

QUESTION = (
    _bind("escape,ctrl+c", "cancel", "Cancel", "question.cancel", "No answer: nothing happens"),
    *_BUTTONS,
)

CHOICE = (
    _bind("enter", "choose", "Choose", "choice.choose", "Take the one under the cursor"),
    _bind("escape,ctrl+c", "cancel", "Cancel", "choice.cancel", "Choose nothing"),
)

FORM = (
    _bind("escape", "cancel", "Cancel", "form.cancel", "Change nothing"),
    _bind("down", "app.focus_next", "Next", "form.next", "To the next field or button"),
    _bind("up", "app.focus_previous", "Previous", "form.previous", "To the one before"),
)

WORK = (
    _change("p", "pause-work", "Pause", "work-pool.pause", "Pause its work pool"),
    _change(
        "r", "resume-work", "Resume", "work-pool.resume",
        "Let its work pool hand out runs again",
    ),
    _change(
        "l", "limit-work", "Limit", "work-pool.limit",
        "Limit how many runs of its work pool go on at a time",
    ),
    _change(
        "s", "smoke", "Smoke run", "work-pool.smoke",
        "Run a small flow on its work pool and follow it to its end",
    ),
    _change(
        "w", "prune", "Prune workers", "work-pool.prune",
        "Delete the worker rows of its work pool whose containers are gone",
    ),
    _change(
        "n", "create-work-pool", "Create", "work-pool.create",
        "Create its work pool, where Prefect has none of that name",
    ),
)  # fmt: skip
"""The work pool menu: its letters, and each by name in the palette."""

PROJECT = (
    _change(
        "b", "build", "Build", "project.build",
        "Build the image of an environment of the project, here",
    ),
    _change(
        "p", "push", "Push", "project.push",
        "Push the image that was built for an environment to its image repository",
    ),
    _change(
        "d", "deploy", "Deploy", "project.deploy",
        "Build, push, and update an environment's service or create it, in one plan",
    ),
)  # fmt: skip
"""The project menu, likewise."""

ENVIRONMENT = (
    _bind("escape", "back", "Back", "environment.back", "Back; asks where edits would be lost",
          show=True),
    _bind("enter,c", "edit", "Change", "environment.change", "Another value for it", show=True),
    _bind("a", "add", "Add", "environment.add", "A new variable", show=True),
    _bind("A", "add_secret", "Add secret", "environment.add-secret",
          "A new variable whose value is typed unseen and kept in a Snowflake secret"),
    _bind("u", "use", "Use secret", "environment.use-secret",
          "Take its value from a Snowflake secret that is there"),
    _bind("d", "unset", "Remove", "environment.remove", "Take it out", show=True),
    _bind("n", "rename", "Rename", "environment.rename", "Another name for it", show=True),
    _bind("v", "reveal", "Reveal", "environment.reveal",
          "Show its value, or hide it again; a secret's cannot be read", show=True),
    _bind("p", "paste", "Paste", "environment.paste", "Many at once, as KEY=VALUE lines",
          show=True),
    _bind("i", "import_file", "Import", "environment.import", "Those of a .env file", show=True),
    _bind("z", "undo", "Undo", "environment.undo", "Take back the last edit of this list",
          show=True),
    _bind("s", "review", "Plan", "environment.plan",
          "Show the plan that makes the edits, and ask", show=True),
)  # fmt: skip

SETUP = (
    _bind("enter", "go_on", "Go on", "setup.go-on",
          "Check the answers of this page and go on; with a field left out: to that field",
          show=True),
    _bind("escape", "back", "Back", "setup.back",
          "To the page before, or stop what is being checked; what was typed stays", show=True),
    _bind("down", "app.focus_next", "Next", "setup.next", "To the next field"),
    _bind("up", "app.focus_previous", "Previous", "setup.previous", "To the field before"),
    _bind("pagedown", "scroll_text(1)", "Read on", "setup.page-down", "Read on", show=True),
    _bind("pageup", "scroll_text(-1)", "Read back", "setup.page-up", "Read what was before"),
    _bind("f2", "copy", "Copy", "setup.copy", "Copy the statements for an administrator",
          show=True),
    _bind("f5,ctrl+r", "again", "Look again", "setup.again", "Look again what is there",
          show=True),
    _bind("ctrl+c", "leave", "Leave", "setup.leave",
          "Leave the set-up; the answers are kept for the next time", show=True),
)  # fmt: skip

SETUP_CHOICE = (
    _bind("space,right", "turn(1)", "Next", "setup-choice.next", "Take the next value", show=True),
    _bind("left", "turn(-1)", "Previous", "setup-choice.previous", "Take the value before"),
)

DOCTOR = (
    _bind("escape,q", "back", "Back", "doctor.back", "Close it", show=True),
    _bind("m", "mend", "Mend", "doctor.mend",
          "Show the plan that mends what is under the cursor, and ask", show=True),
    _bind("c", "copy", "Copy", "doctor.copy",
          "Copy the statements and commands that help", show=True),
    _bind("a", "all", "All", "doctor.all",
          "Show also what is well, or leave it out again", show=True),
    _bind("r,f5,ctrl+r", "again", "Look again", "doctor.again", "Look at everything again",
          show=True),
)  # fmt: skip

AUDIT = (
    _bind("escape,q", "back", "Back", "audit.back", "Close the list", show=True),
    _bind("c", "copy", "Copy", "audit.copy", "Copy all of it", show=True),
)

SORT = (_bind("escape", "cancel", "Cancel", "sort.cancel", "Leave the order as it is"),)

HELP = (
    _bind("escape,question_mark,f1,q", "back", "Back", "help.back", "Close the help", show=True),
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Keys that are active together, and where."""

    title: str
    bindings: Sequence[Binding]


SCOPES = (
    Scope("Everywhere", APP),
    Scope("Fleet", FLEET),
    Scope("Service", SERVICE),
    Scope("Log, when it has the focus", LOG),
    Scope("Moving, in tables and texts", SCROLL),
    Scope("Plan", PLAN),
    Scope("A choice in a plan, when it has the focus", OPTION),
    Scope("Question", QUESTION),
    Scope("List in a dialog", CHOICE),
    Scope("Form", FORM),
    Scope("Work pool menu, after P", WORK),
    Scope("Project menu, after b", PROJECT),
    Scope("Environment variables", ENVIRONMENT),
    Scope("Set-up", SETUP),
    Scope("A choice in set-up, when it has the focus", SETUP_CHOICE),
    Scope("Doctor", DOCTOR),
    Scope("Audit", AUDIT),
    Scope("Sort menu", SORT),
    Scope("Help", HELP),
)

_NAMES = {
    "question_mark": "?",
    "exclamation_mark": "!",
    "slash": "/",
    "colon": ":",
    "comma": ",",
    "full_stop": ".",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "f1": "F1",
    "f2": "F2",
    "f5": "F5",
}


def key_names(keys: str) -> list[str]:
    """How the keys of a binding are written for people: `question_mark,f1` is `?` and `F1`."""
    return [_NAMES.get(key, key) for key in keys.split(",")]


def by_id(scope: Scope, keymap: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The ids of a scope with their keys, the keymap's where it has any."""
    for binding in scope.bindings:
        name = binding.id or binding.action
        yield name, keymap.get(name, binding.key)


def keymap_problems(keymap: Mapping[str, str], scopes: Sequence[Scope] = SCOPES) -> list[str]:
    """What is wrong with the keys that a user chose: unknown ids, one key for two actions."""
    known = {name for scope in scopes for name, _ in by_id(scope, {})}
    problems = [f"there is no action {name!r}" for name in keymap if name not in known]
    for scope in scopes:
        keys = Counter(key for _, own in by_id(scope, keymap) for key in own.split(","))
        problems += [
            f"{scope.title}: the key {key!r} is bound {count} times"
            for key, count in keys.items()
            if count > 1
        ]
    return problems


def keys_page(scopes: Sequence[Scope] = SCOPES) -> str:
    """docs/keys.md: every key with its id and meaning."""
    parts = [_PREFACE]
    for scope in scopes:
        parts += [f"## {scope.title}", "", "| Keys | What it does | Id |", "|--|--|--|"]
        for binding in scope.bindings:
            keys = " ".join(f"`{name}`" for name in key_names(binding.key))
            parts.append(f"| {keys} | {binding.tooltip} | `{binding.id}` |")
        parts.append("")
    return "\n".join(parts)


_PREFACE = """\
# Keys

Plain letters look at something or open a question: no single key changes anything outside.
Whatever changes something is first shown as a plan, with the focus on Cancel. Every action that
is named here is also in the command palette (`ctrl+p` or `:`). The mouse works too: click a row,
a column's title, a key in the bottom line. Dropping a service has no key: `spcs-worker-tui drop`.

The filter (`/`) takes words that must all match: `word` anywhere in the row, `conn:prod` in one
column, `!word` or `!status:suspended` for rows without it, `/^ING.*/` for a regular expression.
Selecting text with the mouse and `ctrl+c` copies it; over SSH that needs a terminal that accepts
OSC 52. Most terminals select without the program's help while shift is held.

This page is made from the program's bindings (`python -m spcs_worker_tui.ui.bindings`); the ids
are the names a keymap uses.
"""

if __name__ == "__main__":
    sys.stdout.write(keys_page())
