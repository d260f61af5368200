"""A driver that does not do its part is one clear line and exit code 2; nothing is left of it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from heidi_conformance import CannotJudgeError, Verdict
from heidi_conformance.__main__ import main
from heidi_conformance.client._process import Driver, DriverError
from heidi_conformance.client._run import Plan, judge_client

if TYPE_CHECKING:
    from scripts.library.serving import Served

HOSTILE = Path(__file__).with_name("hostile.py")
LINES = {
    "hangs": "did not write the result of a step within 3 s",
    "floods": "wrote a line of more than 32 MiB",
    "floods-stderr": "wrote more than 8 MiB to its standard error",
    "crashes": "exited with 1 before it wrote the result of a step",
    "garbage": "wrote a line that is not JSON to its standard output",
    "unasked": "wrote a result that belongs to no step",
    "ends": "exited with 0 before it wrote the result of a step",
    "escapes": "did not write the result of a step within 3 s",
    "version": "wrote a version of the protocol other than 1",
    "nothing": "wrote a line that needs either value or error",
    "lingers": "did not exit within 5 s of the end of its input",
}


def judge(sandbox: Served, *command: str) -> Verdict:
    """Judge a driver by one scenario, in 3 seconds a step."""
    scenario = frozenset({"token-reused"})
    return judge_client(Plan(command, "practice", scenario, sandbox.url, sandbox.key, patience=3))


def hostile(how: str) -> tuple[str, ...]:
    return sys.executable, str(HOSTILE), how


async def flooded() -> None:
    driver = await Driver.start(hostile("hangs"), {"HEIDI_API_KEY": "a-key"}, "a-key")

    async def flood() -> None:
        while True:
            driver.request()
            await asyncio.sleep(0)

    flooding = asyncio.create_task(flood())
    try:
        with pytest.raises(DriverError, match="sent more than 100 requests in one step"):
            await driver.ask({"id": 1}, (1,), 60)
        assert not flooding.done()
    finally:
        flooding.cancel()
        await driver.stop()


def test_requests_that_go_on_while_a_step_is_ended_are_no_failure_of_the_proxy() -> None:
    asyncio.run(flooded())


def left_behind() -> list[str]:
    """Return the processes that a hostile driver started and that still run after a while."""
    until = time.monotonic() + 10
    while (found := running()) and time.monotonic() < until:
        time.sleep(0.05)  # a killed one ends when its turn comes
    return found


def running() -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if "left by hostile.py" in command or str(HOSTILE) in command.split("\0"):
            found.append(command)
    return found


@pytest.mark.parametrize("how", LINES)
def test_a_hostile_driver_is_one_clear_line(how: str, sandbox: Served) -> None:
    with pytest.raises(CannotJudgeError) as caught:
        judge(sandbox, *hostile(how))
    assert str(caught.value).startswith(f"the driver {LINES[how]}")
    assert "(scenario probe)" in str(caught.value)
    assert [] == left_behind()


def test_what_a_driver_starts_ends_with_it(sandbox: Served) -> None:
    judge(sandbox, *hostile("forks"))
    assert [] == left_behind()


SEVERAL = frozenset({"token-skew", "token-shared", "id-digits"})


def several(sandbox: Served, how: str, jobs: int = 1) -> Verdict:
    """Judge a driver by some scenarios."""
    url, key = sandbox.url, sandbox.key
    return judge_client(Plan(hostile(how), "practice", SEVERAL, url, key, patience=6, jobs=jobs))


@pytest.mark.slow
@pytest.mark.parametrize("how", ["hangs", "ends"])
def test_a_driver_that_fails_between_scenarios_has_a_process_for_each(
    how: str, sandbox: Served
) -> None:
    verdict = several(sandbox, f"again-{how}")
    assert ((), ()) == (verdict.findings, verdict.gaps[1:])
    assert [] == left_behind()


def test_a_driver_that_writes_garbage_between_scenarios_is_one_clear_line(sandbox: Served) -> None:
    with pytest.raises(CannotJudgeError, match="a line that is not JSON"):
        # The other scenario ends in the middle of a step.
        several(sandbox, "again-garbage", jobs=2)
    assert [] == left_behind()


def test_what_one_scenario_leaves_behind_in_a_driver_is_not_a_violation_of_the_next(
    sandbox: Served,
) -> None:
    assert () == several(sandbox, "again-not").findings


def test_a_violation_of_a_fresh_driver_does_not_start_another(
    sandbox: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOSTILE_STARTS", str(tmp_path))
    assert {"cookies"} == {each.code for each in several(sandbox, "again-with-cookie").findings}
    # One for the probe, and one for all scenarios.
    assert 2 == len([*tmp_path.iterdir()])


def test_a_failure_that_a_busy_machine_may_have_caused_is_tried_again(
    sandbox: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOSTILE_ONCE", str(tmp_path / "once"))
    assert () == judge(sandbox, *hostile("busy-once")).findings
    assert (tmp_path / "once").exists()


def test_the_last_words_of_a_driver_are_shown_without_its_key(sandbox: Served) -> None:
    with pytest.raises(CannotJudgeError) as caught:
        judge(sandbox, *hostile("crashes"))
    assert str(caught.value).endswith("its last words: RuntimeError: …")


def test_a_command_that_cannot_be_started_is_reported(sandbox: Served, tmp_path: Path) -> None:
    with pytest.raises(CannotJudgeError, match="cannot be started"):
        judge(sandbox, str(tmp_path / "nothing"))


@pytest.mark.parametrize("how", ["hangs", "crashes"])
def test_the_command_line_says_one_line_and_exits_with_2(how: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "heidi_conformance", "client", "--patience", "3"]
    done = subprocess.run(
        [*command, "--report", str(tmp_path), "--", *hostile(how)],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert (2, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n"))
    assert done.stderr.startswith(f"heidi-conformance: the driver {LINES[how]}")
    assert [] == left_behind()
    assert [] == list(tmp_path.iterdir())


def test_a_client_without_a_command_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(["client"])
    assert "behind --" in capsys.readouterr().err
