"""The sandbox on granian, which reads HTTP in a thread of its own and bounds what it reads."""

import socket
import sys
from importlib import import_module
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from heidi_sandbox._asgi import App
from heidi_sandbox._limits import Limits

_BACKLOG: Final = 128  # connections that wait to be accepted
# Granian sets logging up for the whole process; told so, it leaves that as it is.
_LEAVE_LOGGING: Final[dict[str, Any]] = {"incremental": True, "handlers": {}, "loggers": {}}
# What stands after the file descriptor differs from system to system.
_HOLDER: Final[dict[str, tuple[Any, ...]]] = {"linux": (False, _BACKLOG), "win32": ()}
# Any: its types leave these arguments out.
_net: Final[Any] = import_module("granian.net")


class GranianServer(Server):
    """Serves an application on a socket that listens already."""

    def __init__(self, app: App, listener: socket.socket, limits: Limits) -> None:
        super().__init__(
            app,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            backpressure=limits.connections,
            http1_settings=HTTP1Settings(
                header_read_timeout=int(limits.head_time * 1000), max_buffer_size=limits.head
            ),
            log_enabled=False,
            log_dictconfig=_LEAVE_LOGGING,
        )
        self._listener = listener

    def _init_shared_socket(self) -> None:
        # Its own socket would share its port with whichever other server does so too.
        self._listener.setblocking(False)
        rest = _HOLDER.get(sys.platform, (False,))
        self._shd = _net.SocketHolder(self._listener.detach(), *rest)
