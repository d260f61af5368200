"""Two runs with one seed: on every connection the same requests in the same order, and one verdict.

Each run is a process with another hash seed, which shows where the order of a set matters.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .faults.simple import TOKEN
from .reference import Api, Handler, Request, Response, User, faulty, respond, serving

OTHER, UNLINKED = "token-of-the-second-user", "token-of-a-user-without-link"
# An address, and an instant of the clock.
OF_THE_RUN = {"host", "if-modified-since"}
Line = tuple[str, str, tuple[tuple[str, str], ...], bytes]


class Steady(Api):
    """Nothing is random here: an id follows from the user, the body and the number of creations."""

    def __init__(self) -> None:
        super().__init__()
        self.created: Counter[tuple[int, str]] = Counter()
        for number, token in enumerate((TOKEN, OTHER, UNLINKED)):
            user = User(linked=token != UNLINKED)
            self.users[token, str(number)] = self.tokens[token] = user

    def opened(self, user: User, sent: dict[str, Any]) -> dict[str, Any]:
        owner = [known is user for known in self.users.values()].index(True)
        key = owner, json.dumps(sent, sort_keys=True)
        self.created[key] += 1
        digest = hashlib.sha256(repr((key, self.created[key])).encode()).hexdigest()
        self.new_id = lambda: str(int(digest[:32], 16))
        return super().opened(user, sent)


class Run(NamedTuple):
    """What a run sent, by connection, and its report without times and addresses."""

    sent: Counter[tuple[Line, ...]]
    report: dict[str, Any]


def crash(request: Request, handle: Handler) -> Response:
    """Fail for values that only random requests send, and show one wrong type to all requests."""
    if re.search(rb'"duration": ?[0-9]{5,6}[,}]', request.body):
        return respond(500, {"detail": {"msg": "broken", "type": "Error"}})
    reply = handle(request)
    if request.method != "PATCH" or reply.status != 200:
        return reply
    content = reply.content
    content["session"]["documents"] = 1
    return reply.but(content=content)


def run(folder: Path, hash_seed: int, *flags: str) -> Run:
    api = Steady()
    with serving(faulty(api, crash)) as url:
        command = [sys.executable, "-m", "heidi_conformance", "run", url, "--level", "strict"]
        result = subprocess.run(
            [*command, "--report", str(folder), "--max-examples", "1", *flags],
            env={
                **os.environ,
                "HEIDI_TOKEN": TOKEN,
                "HEIDI_OTHER_TOKEN": OTHER,
                "HEIDI_UNLINKED_TOKEN": UNLINKED,
                "PYTHONHASHSEED": str(hash_seed),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert 1 == result.returncode, result.stderr
    report = (folder / "report.json").read_text().replace(url.partition("//")[2], "host")
    fields = json.loads(report)
    return Run(lanes(api.requests), {**fields, "seconds": 0, "target": ""})


def lanes(requests: list[Request]) -> Counter[tuple[Line, ...]]:
    """Return the requests of each connection: those sent at the same time arrive in any order."""
    by_connection: dict[int, list[Line]] = {}
    for request in requests:
        headers = {name: text for name, text in request.headers.items() if name not in OF_THE_RUN}
        query = json.dumps(request.query)
        line = request.method, request.path + query, tuple(sorted(headers.items())), request.body
        by_connection.setdefault(request.connection, []).append(line)
    return Counter(map(tuple, by_connection.values()))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("whole"), 1, "--seed", "5")


@pytest.mark.slow
def test_two_runs_with_one_seed_send_the_same_and_find_the_same(whole: Run, tmp_path: Path) -> None:
    again = run(tmp_path, 2, "--seed", "5")

    assert whole.report["findings"]
    assert whole.report == again.report
    assert whole.sent == again.sent


@pytest.mark.long
def test_a_shard_sends_the_same_and_finds_the_same_with_one_seed(tmp_path: Path) -> None:
    first, again = (
        run(tmp_path / str(number), number, "--shard", "2/3", "--seed", "5") for number in (1, 2)
    )

    assert first == again


@pytest.mark.long
def test_another_seed_sends_other_requests(whole: Run, tmp_path: Path) -> None:
    other = run(tmp_path, 1, "--seed", "6")

    assert whole.sent != other.sent
