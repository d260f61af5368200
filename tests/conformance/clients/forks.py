"""Starts changed drivers without starting Python: a process that forks, and a stand-in program.

    python forks.py SOCKET          serve: fork a driver for each connection
    python forks.py SOCKET ID       be a driver: that of a change, which the server forks

A driver takes half a second to start, most of it for imports, and there are thousands to run.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 2**20
TICK = 0.02


def stand_in(address: str, id_: str) -> int:
    """Pass standard input and output on, and wait for the exit code."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(address)
        told = json.dumps({"id": id_, "environment": dict(os.environ)}).encode()
        socket.send_fds(connection, [told], [0, 1, 2])
        for number in (0, 1, 2):
            os.close(number)
        return int(connection.recv(16) or b"1")


def serve(address: str) -> None:
    """Fork a driver for each connection; it ends with its connection."""
    # The imports of drivers are done before they are forked.
    from tests.conformance.clients.preloaded import run  # noqa: PLC0415

    drivers: dict[socket.socket, int] = {}
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen(256)
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([listener, *drivers], [], [], TICK)
            for connection in ready:
                if connection is not listener:
                    os.kill(drivers.pop(connection), signal.SIGKILL)
                    connection.close()
                    continue
                accepted, _ = listener.accept()
                told, files, _, _ = socket.recv_fds(accepted, MOST, 3)
                if (number := os.fork()) == 0:
                    be_driver(run, json.loads(told), files)
                drivers[accepted] = number
                for file in files:
                    os.close(file)
            reap(drivers)


def reap(drivers: dict[socket.socket, int]) -> None:
    """Tell stand-ins of the exits of their drivers."""
    while True:
        try:
            number, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not number:
            return
        for connection in [item for item, pid in drivers.items() if pid == number]:
            del drivers[connection]
            with connection:
                connection.send(str(os.waitstatus_to_exitcode(status) & 255).encode())


def be_driver(
    run: Callable[[dict[str, Any]], None], told: dict[str, Any], files: list[int]
) -> None:
    """Run a changed driver in this process, and end it."""
    for place, file in enumerate(files):
        os.dup2(file, place)
    os.closerange(3, 1024)
    code = 1
    try:
        run(told)
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001  # as Python ends a program
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(stand_in(*sys.argv[1:]))
    serve(sys.argv[1])
