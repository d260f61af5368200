"""Why a process ends: it is asked to by a signal, or its server is gone."""

import contextlib
import signal
import socket
from typing import Final, Self

_ENDED: Final = b"\0"  # no signal has this number


class Stops:
    """Within the block, SIGINT and SIGTERM end the wait instead of the process.

    The interpreter's own handlers run between two of its instructions, so a signal that comes just
    before a wait would be noticed after it. A byte in a socket is there whenever it came.
    """

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._theirs.setblocking(False)

    def __enter__(self) -> Self:
        signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: None)
        return self

    def __exit__(self, *_: object) -> None:
        # A second signal while the server stops changes nothing, so it is left without effect.
        signal.set_wakeup_fd(-1)
        self._ours.close()
        self._theirs.close()

    def end(self) -> None:
        """End the wait from any thread: the server is gone."""
        with contextlib.suppress(OSError):  # nobody waits any more
            self._theirs.send(_ENDED)

    def wait(self) -> bool:
        """Wait, and return whether it was a signal that ended the wait."""
        return self._ours.recv(1) != _ENDED
