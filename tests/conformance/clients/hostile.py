"""A driver that does not follow the protocol: python hostile.py HOW"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HOW = sys.argv[1]
# Exists once a driver was too busy.
ONCE = Path(os.environ.get("HOSTILE_ONCE", os.devnull))
# A folder that gets a file for each process.
STARTS = os.environ.get("HOSTILE_STARTS", "")
# What a driver may leave behind: it names itself, so that a test finds it.
SLEEPER = "import time; time.sleep(300) # left by hostile.py"


def hang() -> None:
    time.sleep(300)


def flood() -> None:
    while True:
        sys.stdout.write("x" * 2**20)


def flood_stderr() -> None:
    sys.stderr.write("x" * 2**26)


def crash() -> None:
    raise RuntimeError(os.environ["HEIDI_API_KEY"])


def write(line: str) -> None:
    print(line, flush=True)


def leave(*, session: bool) -> None:
    subprocess.Popen([sys.executable, "-c", SLEEPER], start_new_session=session)


def escape() -> None:
    leave(session=True)
    hang()


WAYS: dict[str, Callable[[], object]] = {
    "hangs": hang,
    "floods": flood,
    "floods-stderr": flood_stderr,
    "crashes": crash,
    "garbage": lambda: write("INFO starting"),
    "unasked": lambda: write('{"id": 99, "value": null}'),
    "ends": lambda: sys.exit(0),
    "forks": lambda: leave(session=False),
    "escapes": escape,
    "version": lambda: write('{"protocol": 2}'),
    "nothing": lambda: write('{"id": 1}'),
    "lingers": lambda: None,
    "again-garbage": lambda: time.sleep(0.3),
}
# What a driver that serves several scenarios does when it gets other settings.
AGAIN: dict[str, Callable[[], object]] = {
    "again-hangs": hang,
    "again-ends": lambda: sys.exit(3),
    "again-garbage": lambda: write("INFO other settings"),
    "again-not": lambda: None,
    "again-with-cookie": lambda: None,
}


def main() -> None:
    if STARTS:
        Path(STARTS, str(os.getpid())).touch()
    if HOW in AGAIN:
        write(json.dumps({"protocol": 1, "client": "hostile", "again": True}))
    for line in sys.stdin:
        step = json.loads(line)
        if "settings" in step:
            AGAIN[HOW]()
            if HOW != "again-not":
                os.environ.update(step["settings"])
                TOKEN.clear()
            write(json.dumps({"id": step["id"], "value": None}))
            continue
        if HOW == "busy-once" and not ONCE.exists():
            ONCE.touch()
            write(json.dumps({"id": step["id"], "error": "unavailable"}))
            continue
        for each in step.get("together", [step]):
            WAYS.get(HOW, str)()
            print(json.dumps({"id": each["id"], **result(each)}), flush=True)
    if HOW == "lingers":
        time.sleep(300)


TOKEN: list[str] = []


def ask(method: str, target: str, headers: dict[str, str], body: bytes | None = None) -> Any:
    url = os.environ["HEIDI_BASE_URL"] + target
    if HOW == "again-with-cookie":
        headers = {**headers, "Cookie": "a=b"}
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310
    with urllib.request.urlopen(request) as response:  # noqa: S310  # it is a server of the judge
        return json.load(response)


def result(step: Any) -> Any:
    """Do a step in the simplest way."""
    if not TOKEN:
        user = {"email": "HEIDI_EMAIL", "third_party_internal_id": "HEIDI_THIRD_PARTY_INTERNAL_ID"}
        query = urllib.parse.urlencode({name: os.environ[key] for name, key in user.items()})
        told = ask("GET", f"/jwt?{query}", {"Heidi-Api-Key": os.environ["HEIDI_API_KEY"]})
        TOKEN.append(told["token"])
    if step["operation"] not in {"createSession", "getSession"}:
        return {"error": "unsupported"}
    headers = {"Authorization": f"Bearer {TOKEN[0]}", "Content-Type": "application/json"}
    if step["operation"] == "createSession":
        return {"value": ask("POST", "/sessions", headers, json.dumps(step["body"]).encode())}
    return {"value": ask("GET", f"/sessions/{step['path']['session_id']}", headers)}


if __name__ == "__main__":
    main()
