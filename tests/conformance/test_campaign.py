"""A campaign keeps to its budget, leaks no token, does not grow, and says what it did not do."""

import contextlib
import json
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import heidi_sandbox
import pytest
from heidi_conformance import CannotJudgeError, Outcome, Progress, Verdict
from heidi_conformance.__main__ import main
from heidi_conformance.campaign._cluster import protected
from heidi_conformance.campaign._merge import MOST_FINDINGS, Sum
from heidi_conformance.campaign._rounds import Budget, Result, Rounds, Task
from heidi_conformance.run._shards import Shard

from .reference import Api, serving
from .test_html import FINDING, VERDICT

CLEAN = replace(VERDICT, findings=(), notes=(), requests=100, sessions_created=1)
Run = Callable[[Task], Result]


def passes(task: Task) -> Result:
    return Result(replace(CLEAN, seed=task.shard.number, shards=(str(task.shard),)), "", 100)


class Inline:
    """Performs each task at once. tasks: those it was given."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.progress: dict[int, Progress] = {}
        self.tasks: list[Task] = []

    def start(self, task: Task) -> Future[Result]:
        self.tasks.append(task)
        future: Future[Result] = Future()
        try:
            future.set_result(self.run(task))
        except OSError as error:
            future.set_exception(error)
        return future

    @property
    def shards(self) -> list[Shard]:
        return [task.shard for task in self.tasks]


def campaign(
    run: Run = passes, shards: int = 3, lanes: int = 1, budget: Budget | None = None
) -> tuple[Inline, Verdict]:
    workers = Inline(run)
    tasks = [Task("http://x", {"token": f"token-of-lane-{lane}"}) for lane in range(lanes)]
    rounds = Rounds(workers, tasks, shards, budget or Budget(), lambda _: None)
    return workers, rounds.run(lambda _: None)


def test_without_a_budget_every_shard_runs_once() -> None:
    workers, verdict = campaign()

    assert [Shard(1, 3), Shard(2, 3), Shard(3, 3)] == workers.shards
    assert verdict.conforms
    assert () == verdict.shards
    assert (300, 3, 1) == (verdict.requests, verdict.sessions_created, verdict.seed)


@pytest.mark.parametrize(("most", "runs"), [(300, 3), (1000, 10), (1050, 10)])
def test_with_a_budget_it_continues_with_other_seeds_until_the_budget_is_used(
    most: int, runs: int
) -> None:
    workers, verdict = campaign(budget=Budget(requests=most, extra=True))

    assert list(range(1, runs + 1)) == [shard.number for shard in workers.shards]
    assert runs * 100 == verdict.requests
    assert verdict.conforms


@pytest.mark.parametrize(("lanes", "most"), [(1, 10), (2, 10), (3, 7), (1, 1)])
def test_a_campaign_never_exceeds_the_limit_of_sessions(lanes: int, most: int) -> None:
    created: list[int] = []

    def run(task: Task) -> Result:
        created.append(task.settings["max_sessions"])
        verdict = replace(CLEAN, shards=(str(task.shard),), sessions_created=created[-1])
        return Result(verdict, "", 1)

    with contextlib.suppress(CannotJudgeError):
        campaign(run, 2, lanes, Budget(requests=10**6, sessions=most, extra=True))

    assert 0 < sum(created) <= most


def test_a_campaign_says_that_it_reached_the_limit_of_sessions() -> None:
    workers, verdict = campaign(budget=Budget(requests=10**6, sessions=50, extra=True))

    assert 50 == len(workers.tasks) == verdict.sessions_created
    assert "it ended because 50 sessions were created; see --max-sessions" in verdict.notes


def test_concurrent_runs_have_separate_lanes() -> None:
    waiting: list[tuple[Future[Result], Task]] = []

    class Slow(Inline):
        def start(self, task: Task) -> Future[Result]:
            future: Future[Result] = Future()
            waiting.append((future, task))
            if len(waiting) == 2:
                assert 2 == len({held.settings["token"] for _, held in waiting})
                for pending, held in waiting:
                    pending.set_result(passes(held))
                waiting.clear()
            return future

    tasks = [Task("http://x", {"token": f"token-{lane}"}) for lane in range(2)]
    rounds = Rounds(Slow(passes), tasks, 4, Budget(), lambda _: None)

    assert 400 == rounds.run(lambda _: None).requests


def test_a_budget_that_is_too_small_for_the_rules_does_not_pass() -> None:
    with pytest.raises(CannotJudgeError, match=r"shard 3/3 .*raise --requests"):
        campaign(budget=Budget(requests=200))


def fails(number: int, how: Run) -> Run:
    return lambda task: how(task) if task.shard.number == number else passes(task)


def refuses(task: Task) -> Result:
    return Result(None, "the server is silent", 7)


def dies(task: Task) -> Result:
    raise ConnectionResetError("s3cret")


@pytest.mark.parametrize(
    ("how", "named"), [(refuses, "the server is silent"), (dies, "ConnectionResetError")]
)
def test_a_shard_without_a_verdict_does_not_pass(how: Run, named: str) -> None:
    with pytest.raises(
        CannotJudgeError, match=f"shard 2/3 came to no verdict: .*{named}"
    ) as caught:
        campaign(fails(2, how))

    assert "s3cret" not in str(caught.value)


def test_a_shard_without_a_verdict_is_reported_beside_the_findings_of_others() -> None:
    def run(task: Task) -> Result:
        result = passes(task)
        assert result.verdict is not None
        return replace(result, verdict=replace(result.verdict, findings=(FINDING,)))

    _, verdict = campaign(lambda task: refuses(task) if task.shard.number == 2 else run(task))

    assert [FINDING.fingerprint] == [finding.fingerprint for finding in verdict.findings]
    assert any("shard 2/3 came to no verdict" in note for note in verdict.notes)


def test_a_server_that_goes_away_ends_a_campaign() -> None:
    workers, verdict = campaign(
        lambda task: passes(task) if task.shard.number <= 3 else refuses(task),
        budget=Budget(requests=10**6, extra=True),
    )

    assert 6 == len(workers.tasks)
    assert ["a run came to no verdict: the server is silent"] == list(verdict.notes)


def test_a_campaign_without_responses_says_why() -> None:
    with pytest.raises(CannotJudgeError, match="the server is silent"):
        campaign(refuses)


def test_a_task_does_not_show_its_tokens() -> None:
    assert "s3cret" not in repr(Task("http://x", {"token": "s3cret"}))


def hostile(number: int) -> Verdict:
    """Return a verdict in which everything that a server can choose is new."""
    texts = "".join(chr(97 + int(digit)) for digit in str(number))
    return replace(
        CLEAN,
        findings=tuple(
            replace(FINDING, detail=f"{texts} {at}", requests=("curl " * 100,)) for at in "abc"
        ),
        notes=(texts,),
        shards=(f"{number}/3",),
        outcomes=(Outcome("works", "getSession", "skipped", texts, "elsewhere"),),
    )


def test_a_campaign_without_end_does_not_grow() -> None:
    held = Sum()
    sizes: list[int] = []
    tracemalloc.start()
    try:
        for number in range(1, 1201):
            held.add(hostile(number))
            if number in {200, 1200}:
                sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()

    first, last = sizes
    # Kept whole, the findings alone of these 1000 would be two million bytes.
    assert last - first < 300_000
    verdict = held.verdict()
    assert MOST_FINDINGS == len(verdict.findings)
    assert 120_000 == verdict.requests
    assert f"{3_600 - MOST_FINDINGS} more sightings" in verdict.notes[-1]


ADDRESSES = {
    "tls://cluster.example:8786": True,
    "tls://10.1.2.3:8786": True,
    "tcp://127.0.0.1:8786": True,
    "localhost:8786": True,
    "[::1]:8786": True,
    "tcp://cluster.example:8786": False,
    "cluster.example:8786": False,
    "10.1.2.3:8786": False,
    "127.0.0.1.example:8786": False,
    "ucx://127.0.0.1:8786": False,
    "ws://127.0.0.1:8786": False,
    "": False,
}


@pytest.mark.parametrize(("address", "safe"), ADDRESSES.items())
def test_tokens_are_sent_encrypted_or_not_at_all(address: str, safe: bool) -> None:
    if safe:
        assert protected(address).partition("://")[2] == address.rpartition("://")[2]
    else:
        with pytest.raises(CannotJudgeError, match="tls://"):
            protected(address)


def test_an_unprotected_remote_scheduler_gives_exit_code_2_before_any_token_is_issued(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["campaign", "http://127.0.0.1:1", "--api-key", "s3cret"]

    assert 2 == main([*arguments, "--scheduler", "tcp://cluster.example:1"])

    err = capsys.readouterr().err
    assert "tls://host:port" in err
    assert "s3cret" not in err


def test_without_its_extra_a_campaign_gives_exit_code_2_and_one_line(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['distributed'] = None\n"
        "from heidi_conformance.__main__ import main\n"
        "sys.exit(main(['campaign', 'http://127.0.0.1:1', '--token', 't']))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )

    assert (2, "") == (done.returncode, done.stdout)
    assert 1 == len(done.stderr.splitlines())
    assert "heidi-sessions[campaign]" in done.stderr


def descendants(pid: int) -> set[int]:
    """Return the processes that a process started, and those that they started."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            parents.setdefault(int(parent), []).append(int(folder.name))
    children = parents.get(pid, [])
    return {*children}.union(*map(descendants, children))


def alive(pid: int) -> bool:
    """Whether a process is running, and is not a zombie."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads the process list of Linux")
def test_a_campaign_that_is_terminated_leaves_no_process(api: Api, tmp_path: Path) -> None:
    with serving(api.handle) as url:
        command = [sys.executable, "-m", "heidi_conformance", "campaign", url, "--shards", "2"]
        environment = {**os.environ, "HEIDI_API_KEY": api.api_key}
        with subprocess.Popen(
            command, cwd=tmp_path, env=environment, text=True, stderr=subprocess.PIPE
        ) as process:
            while process.poll() is None and not api.requests:
                time.sleep(0.05)
            started = descendants(process.pid)
            process.terminate()
            _, err = process.communicate(timeout=60)

    assert started
    ends = time.monotonic() + 30
    while (left := [pid for pid in started if alive(pid)]) and time.monotonic() < ends:
        time.sleep(0.1)
    assert [] == left
    assert (2, True) == (process.returncode, "interrupted; no report was written" in err)
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_local_cluster_judges_the_sandbox_and_leaves_no_secret(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    key = "the-key-that-nobody-may-see"
    with heidi_sandbox.serving(api_key=key) as sandbox:
        command = [
            *(sys.executable, "-m", "heidi_conformance", "campaign", sandbox.url),
            *("--shards", "2", "--level", "strict", "--rules-only"),
        ]
        environment = {**os.environ, "HEIDI_API_KEY": key}
        environment.pop("HEIDI_TOKEN", None)
        scratch = tmp_path_factory.mktemp("scratch")
        environment["TMPDIR"] = str(scratch)
        with subprocess.Popen(
            command, cwd=tmp_path, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            out, _ = process.communicate(timeout=120)

    assert (0, True) == (process.returncode, "conforms (level strict" in out), out
    report = json.loads((tmp_path / "reports/conformance/report.json").read_text())
    assert [] == report["findings"]
    assert [] == report["shards"]
    assert not [rule for rule in report["rules"] if rule["reason"] == "elsewhere"]
    written = out + "".join(path.read_text() for path in tmp_path.rglob("*.*") if path.is_file())
    assert key not in written
    assert "eyJ" not in written
    assert "Traceback" not in out
    assert ["reports"] == [path.name for path in tmp_path.iterdir()]
    assert [] == list(scratch.iterdir())
