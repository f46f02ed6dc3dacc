"""How far a push is: layer by layer, with bytes and rate, not oftener than people read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.building import Progress, sized

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import Clock
    from spcs_worker_tui.operations.apply import Tell

EVERY = 0.5
"""Seconds between two sayings about one layer."""
ALL_LAYERS = "all layers"
"""The `part` of sayings about all of them together."""
_THERE = ("Layer already exists", "Mounted from")
_PUSHED = "Pushed"


@dataclass(slots=True)
class _Layer:
    began: datetime
    told: datetime
    status: str = ""
    done: int = 0
    total: int = 0


class PushMeter:
    """Tells what an engine reports of a push.

    Args:
        tell: The step's.
        clock: Time.
    """

    def __init__(self, tell: Tell, clock: Clock) -> None:
        self._tell = tell
        self._clock = clock
        self._began = clock.now()
        self._layers: dict[str, _Layer] = {}
        self._told = self._began

    def report(self, progress: Progress) -> None:
        """One saying of the engine's about one layer."""
        now = self._clock.now()
        layer = self._layers.setdefault(progress.part, _Layer(now, now))
        is_new = progress.text != layer.status
        if is_new and progress.total is not None:
            layer.began = now
        layer.status = progress.text
        if progress.total is not None:
            layer.done, layer.total = progress.done or 0, progress.total
        elif progress.text == _PUSHED:
            layer.done = layer.total
        if is_new or (now - layer.told).total_seconds() >= EVERY:
            layer.told = now
            self._tell_layer(progress.part, layer, now)
        if (now - self._told).total_seconds() >= EVERY:
            self._told = now
            self._tell(self.summary, part=ALL_LAYERS, done=self._sent, total=self._total)

    def _tell_layer(self, part: str, layer: _Layer, now: datetime) -> None:
        if not layer.total:
            self._tell(layer.status, part=part)
            return
        rate = _rate(layer.done, (now - layer.began).total_seconds())
        text = f"{layer.status} {sized(layer.done)} of {sized(layer.total)}{rate}"
        self._tell(text, part=part, done=layer.done, total=layer.total)

    @property
    def _sent(self) -> int:
        return sum(layer.done for layer in self._layers.values())

    @property
    def _total(self) -> int:
        return sum(layer.total for layer in self._layers.values())

    @property
    def summary(self) -> str:
        """All layers together."""
        layers = list(self._layers.values())
        if not layers:
            return ""
        kept = sum(layer.status.startswith(_THERE) for layer in layers)
        pushed = sum(layer.status == _PUSHED for layer in layers)
        sent = self._sent
        words = [f"{pushed + kept} of {len(layers)} layers are there"]
        words += [f"{kept} were before"] if kept else []
        seconds = (self._clock.now() - self._began).total_seconds()
        words += [f"{sized(sent)} sent{_rate(sent, seconds)}"] if sent else []
        return ", ".join(words)


def _rate(count: int, seconds: float) -> str:
    return f", {sized(count / seconds)}/s" if seconds > 0 and count else ""
