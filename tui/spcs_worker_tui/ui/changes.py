"""From a key to a plan: what can be asked for of the selected row, and what has to be chosen first.

Nothing here changes anything: every way ends in a `PlanAsked`, and so in the plan dialog.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import FleetError, PlanRefusedError
from spcs_worker_tui.domain.fleet import ServiceKey, ServiceStatus
from spcs_worker_tui.domain.keys import KeyKind, KeyName, checked
from spcs_worker_tui.domain.prefect import WorkPoolKey, WorkQueueKey
from spcs_worker_tui.domain.wishes import (
    Build,
    CreateWorkPool,
    Deploy,
    Drain,
    LimitWork,
    PauseWork,
    PruneWorkers,
    Push,
    Restart,
    Resume,
    ResumeWork,
    RollBack,
    Scale,
    Smoke,
    Suspend,
    Update,
    Wish,
)
from spcs_worker_tui.ui import choices
from spcs_worker_tui.ui import format as fmt
from spcs_worker_tui.ui.bindings import PROJECT, WORK
from spcs_worker_tui.ui.changing import PlanOption, PlanRequest, simple
from spcs_worker_tui.ui.messages import PlanAsked, RequestFailed
from spcs_worker_tui.ui.modals.choice import ChoiceModal
from spcs_worker_tui.ui.modals.form import Answer, Field, FormModal
from spcs_worker_tui.ui.possible import can, lacking_key, serves_work_pool
from spcs_worker_tui.ui.rows import ServiceRow

if TYPE_CHECKING:
    from spcs_worker_tui.ui.changing_app import ChangingApp

DRAIN = PlanOption(
    "Let flow runs finish first", ("no", "up to 10 min", "up to 30 min", "up to 2 h")
)
_DRAIN_SECONDS = (0.0, 600.0, 1800.0, 7200.0)
LATE = PlanOption("When they have not by then", ("do nothing", "do it anyway"))
_WORK: Mapping[str, tuple[str, Callable[[WorkQueueKey], Wish]]] = {
    "pause-work": ("Pause", PauseWork),
    "resume-work": ("Resume", ResumeWork),
    "smoke": ("Run", Smoke),
    "prune": ("Prune", lambda target: PruneWorkers(target.pool)),
    "create-work-pool": ("Create", lambda target: CreateWorkPool(target.pool)),
}
_PROJECT: Mapping[str, tuple[str, Callable[[str], Wish]]] = {
    "build": ("Build", Build),
    "push": ("Push", Push),
    "deploy": ("Deploy", lambda name: Deploy(Build(name))),
}


class Changes:
    """Knows what can be asked for, and asks what has to be known for it.

    Args:
        app: Whose selected row it is about, and who shows the dialogs.
    """

    def __init__(self, app: ChangingApp) -> None:
        self._app = app

    def begin(self, what: str) -> None:
        """Ask for it, as far as it can be asked for."""
        if not can(what, self._app.selected_row()):
            return
        ways: Mapping[str, Callable[[], Awaitable[None]]] = {
            "scale": self._scale,
            "update": self._update,
            "rollback": self._roll_back,
            "environment": self._environment,
            "work": self._work_menu,
            "limit-work": self._limit,
            "project": self._project_menu,
            "key": self._key,
        }
        if what == "suspend":
            self._suspend()
        elif what == "restart":
            self._restart()
        elif what in _WORK:
            verb, make = _WORK[what]
            self._ask(simple(verb, make(WorkQueueKey(self._pool()))))
        elif what in _PROJECT:
            self._run(self._of_project(what))
        else:
            self._run(ways[what]())

    def _run(self, way: Awaitable[None]) -> None:
        self._app.run_worker(self._told(way), group="ask", exclusive=True, exit_on_error=False)

    async def _told(self, way: Awaitable[None]) -> None:
        try:
            await way
        except FleetError as error:
            self._app.post_message(RequestFailed("It cannot be asked for", error))

    def _ask(self, request: PlanRequest) -> None:
        self._app.post_message(PlanAsked(request))

    def _row(self) -> ServiceRow:
        row = self._app.selected_row()
        if not isinstance(row, ServiceRow):
            raise PlanRefusedError("the service is gone")
        return row

    def _pool(self) -> WorkPoolKey:
        binding = self._row().service.binding
        if binding is None:
            raise PlanRefusedError("the service serves no work pool")
        return binding.pool

    # Services

    def _suspend(self) -> None:
        row = self._row()
        key = row.key
        if row.service.status is ServiceStatus.SUSPENDED:
            self._ask(simple("Resume", Resume(key)))
            return
        drains = serves_work_pool(row)
        pool = PlanOption(f"Compute pool {row.service.compute_pool}", ("leave", "suspend, too"))

        def make(chosen: tuple[int, ...]) -> Wish:
            return Suspend(key, _drain(chosen) if drains else None, with_pool=bool(chosen[-1]))

        self._ask(PlanRequest("Suspend", make, (*((DRAIN, LATE) if drains else ()), pool)))

    def _restart(self) -> None:
        row = self._row()
        key = row.key
        if not serves_work_pool(row):
            self._ask(simple("Restart", Restart(key)))
            return
        make: Callable[[tuple[int, ...]], Wish] = lambda chosen: Restart(key, _drain(chosen))  # noqa: E731
        self._ask(PlanRequest("Restart", make, (DRAIN, LATE)))

    async def _scale(self) -> None:
        service = self._row().service
        answer = await self._app.push_screen_wait(
            FormModal(
                f"Scale {service.key.name}",
                (
                    f"It has {fmt.plural(service.current_instances, 'instance')} now, of "
                    f"{service.min_instances} to {service.max_instances}.",
                    "With a maximum above the minimum, Snowflake scales by itself.",
                ),
                (
                    Field("min", "Minimum", str(service.min_instances)),
                    Field("max", "Maximum", str(service.max_instances)),
                ),
                "Show the plan",
                check=_two_numbers,
            )
        )
        if answer is not None:
            low, high = int(answer["min"]), int(answer["max"] or answer["min"])
            self._ask(simple("Scale", Scale(service.key, low, high)))

    async def _update(self) -> None:
        row = self._row()
        key = row.key
        images = self._app.picture.snapshot.images if self._app.picture else {}
        items = choices.image_items(row, images, self._app.desk.now())
        chosen = await self._app.push_screen_wait(
            ChoiceModal(f"Update {key.name} to", items, "enter shows the plan, esc leaves")
        )
        if chosen is None:
            return
        if chosen == choices.SAME:
            self._ask(simple("Update", Update(key)))
        elif chosen in (choices.TAG, choices.FILE):
            await self._typed_update(key, chosen)
        else:
            self._ask(simple("Update", Update(key, image=chosen)))

    async def _typed_update(self, key: ServiceKey, what: str) -> None:
        is_file = what == choices.FILE
        field = Field("value", "Specification file" if is_file else "Tag, digest or image path")
        title = f"Update {key.name}"
        answer = await self._app.push_screen_wait(FormModal(title, (), (field,), "Show the plan"))
        value = answer["value"].strip() if answer else ""
        if value:
            wish = Update(key, spec=value) if is_file else Update(key, image=value)
            self._ask(simple("Update", wish))

    async def _roll_back(self) -> None:
        key = self._row().key
        past = await self._app.link.console.past_specs(key)
        if not past:
            raise PlanRefusedError(
                f"nothing is known that was deployed to {key.name} before",
                next_step="The history begins with the first update made by this program here.",
            )
        items = choices.past_items(past, self._app.desk.zone)
        start = next((index for index, one in enumerate(past) if not one.is_current), 0)
        modal = ChoiceModal(
            f"Roll {key.name} back to", items, "enter shows the plan, esc leaves", start
        )
        chosen = await self._app.push_screen_wait(modal)
        if chosen is not None:
            self._ask(simple("Roll back", RollBack(key, chosen)))

    async def _environment(self) -> None:
        from spcs_worker_tui.ui.screens.environment import (  # noqa: PLC0415 - when first shown
            EnvironmentScreen,
        )

        console = self._app.link.console
        found = await console.environment(self._row().key)
        screen = EnvironmentScreen(found, console.read_variables, self._app.desk.glyphs)
        await self._app.push_screen(screen)

    # Work pools and projects

    async def _work_menu(self) -> None:
        chosen = await self._app.push_screen_wait(
            ChoiceModal(
                f"Work pool {self._pool().name}",
                [choices.menu_item(binding) for binding in WORK],
                "a letter or enter shows the plan",
            )
        )
        if chosen is not None:
            self._app.call_later(self.begin, chosen)

    async def _limit(self) -> None:
        target = WorkQueueKey(self._pool())
        answer = await self._app.push_screen_wait(
            FormModal(
                f"Limit {target.label}",
                ("So many runs go on at a time at most. Empty: as many as come.",),
                (Field("limit", "Runs at a time"),),
                "Show the plan",
                check=_one_limit,
            )
        )
        if answer is not None:
            text = answer["limit"].strip()
            self._ask(simple("Limit", LimitWork(target, int(text) if text else None)))

    async def _project_menu(self) -> None:
        chosen = await self._app.push_screen_wait(
            ChoiceModal(
                "The project here",
                [choices.menu_item(binding) for binding in PROJECT],
                "a letter or enter goes on",
            )
        )
        if chosen is not None:
            self._app.call_later(self.begin, chosen)

    async def _of_project(self, what: str) -> None:
        verb, make = _PROJECT[what]
        project = await self._app.link.console.project()
        items, start = choices.environment_items(project)
        title = f"{verb} for which environment of {project.path.name}"
        name = await self._app.push_screen_wait(ChoiceModal(title, items, start=start))
        if name is None:
            return
        if what == "deploy" and project.environment(name).read_only:
            raise PlanRefusedError(f"environment {name} is read-only in {project.path}")
        self._ask(simple(verb, make(name)))

    # Keys

    async def _key(self) -> None:
        key = lacking_key(self._app.selected_row())
        if key is not None:
            await self.ask_key(key)

    async def ask_key(self, key: KeyName) -> None:
        """Let the reader type a key, and hand it over, kept in the keyring or only for now."""
        answer = await self._app.push_screen_wait(
            FormModal(
                f"{key.kind.words[:1].upper()}{key.kind.words[1:]}",
                (
                    f"Type {key.words}.",
                    "It is used until the dashboard ends, or kept in the keyring of this system; "
                    "nowhere else.",
                ),
                (Field("key", key.kind.words, is_secret=True),),
                "Use once",
                others=(("keep", "Keep in the keyring"),),
                check=lambda values: _is_key(key.kind, values["key"]),
            )
        )
        if answer is None:
            return
        secret = checked(key.kind, answer["key"])
        try:
            await self._app.link.give_key(key, secret, keep=answer["button"] == "keep")
        except FleetError as error:
            self._app.post_message(RequestFailed(key.owner, error))
        else:
            self._app.notify(f"{key.words} is in use", title="Thank you", markup=False)


def _drain(chosen: tuple[int, ...]) -> Drain | None:
    seconds = _DRAIN_SECONDS[chosen[0]]
    return Drain(seconds, act_anyway=bool(chosen[1])) if seconds else None


def _two_numbers(values: Answer) -> None:
    low, high = values["min"].strip(), values["max"].strip() or values["min"].strip()
    if not (low.isdecimal() and high.isdecimal()):
        raise PlanRefusedError("both are whole numbers")
    if not 1 <= int(low) <= int(high):
        raise PlanRefusedError("the minimum is at least 1, and the maximum not below it")


def _one_limit(values: Answer) -> None:
    text = values["limit"].strip()
    if text and not text.isdecimal():
        raise PlanRefusedError("the limit is a whole number, or nothing")


def _is_key(kind: KeyKind, text: str) -> None:
    checked(kind, text)
