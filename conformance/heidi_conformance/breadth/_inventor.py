"""Schemathesis at work beside the rules: it takes seconds to import and to invent."""

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from heidi_conformance._probe import Probe
from heidi_conformance._settings import Plan

if TYPE_CHECKING:
    from heidi_conformance._history import Request

# Seconds between two looks at whether it is done.
PACE = 0.05


class Inventor:
    """Invents requests in a thread of its own, which uses the time that a server takes to answer.

    until: the instant (`time.monotonic`) after which it gives up.
    """

    def __init__(self, plan: Plan, until: float) -> None:
        self.plan = plan
        self.until = until
        self.drafts: Future[list[Request]] = Future()
        threading.Thread(target=self.work, daemon=True).start()

    def work(self) -> None:
        """Import Schemathesis, and let it invent."""
        try:
            from ._invented import drafted  # noqa: PLC0415  # who needs it pays, and here

            self.drafts.set_result([*drafted(self.plan, self.until)])
        except BaseException as error:  # noqa: BLE001  # raised below, in the thread that asks
            self.drafts.set_exception(error)

    def send(self, probe: Probe) -> None:
        """Send what was invented. Raises OutOfPatienceError."""
        while not self.drafts.done():
            probe.wire.wait(PACE)
        drafts = self.drafts.result()
        from ._invented import send  # noqa: PLC0415

        send(probe, drafts)
