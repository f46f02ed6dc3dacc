"""Being told to stop."""

from __future__ import annotations

import asyncio
import signal

from spcs_worker.log import logger


class StopRequest:
    """SIGTERM and SIGINT, as something to wait for."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.insisted = False
        loop = asyncio.get_running_loop()
        # Handlers of our own also undo a SIGINT that was inherited as ignored
        # (prefect-contract 4.3), and let a PID 1 be stopped at all.
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._receive, number)

    def _receive(self, number: signal.Signals) -> None:
        self.insisted = self.asked.is_set()
        self.asked.set()
        logger.info("Received %s", number.name)

    async def within(self, seconds: float) -> bool:
        """Wait that long; True as soon as a stop was asked for."""
        try:
            async with asyncio.timeout(seconds):
                await self.asked.wait()
        except TimeoutError:
            return False
        return True
