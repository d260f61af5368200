"""A step runs when its inputs changed, and a failure is never remembered as a success."""

from __future__ import annotations

import io
import os
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from heidi_spec_tools.documents import DocumentError
from rich.console import Console

from scripts.library.running import Memory, Program, Step, StepFailure, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class House:
    """A folder with one input, and a step that counts its runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.input = root / "input.txt"
        self.output = root / "output.txt"
        self.runs = 0
        self.failure: Exception | None = None
        self.input.write_text("one")
        self.output.write_text("there")

    def work(self) -> str:
        self.runs += 1
        if self.failure:
            raise self.failure
        return f"run [{self.runs}]"

    def go(self, inputs: tuple[str, ...] = ("*.txt",)) -> str:
        text = io.StringIO()
        step = Step("count", self.work, inputs, outputs=(self.output,))
        memory = Memory(self.root / "build" / "steps.json")
        run([step], memory, Console(file=text, width=80), self.root)
        return text.getvalue()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_step_with_the_same_inputs_is_not_run_again_and_repeats_its_output(house: House) -> None:
    assert "✓ count      run [1]" in house.go()
    assert "✓ count      run [1] (unchanged)" in house.go()
    assert house.runs == 1


def test_a_changed_input_runs_the_step_again(house: House) -> None:
    house.go()
    house.input.write_text("two")
    assert "run [2]" in house.go()


def test_a_renamed_or_added_input_runs_the_step_again(house: House) -> None:
    house.go()
    house.input.rename(house.root / "renamed.txt")
    house.go()
    (house.root / "added.txt").write_text("")
    house.go()
    assert house.runs == 3


def test_a_missing_output_runs_the_step_again(house: House) -> None:
    house.go(("input.txt",))
    house.output.unlink()
    house.go(("input.txt",))
    assert house.runs == 2


def test_a_step_without_inputs_runs_each_time(house: House) -> None:
    house.go(())
    house.go(())
    assert house.runs == 2


def test_a_failure_after_a_success_on_the_same_inputs_is_not_forgotten(house: House) -> None:
    house.go()
    house.input.write_text("two")
    house.failure = StepFailure(1, "2 findings", ["first", "second"])
    with pytest.raises(StepFailure, match=r"^count: 2 findings\n    first\n    second$") as caught:
        house.go()
    assert caught.value.code == 1
    house.input.write_text("one")
    house.failure = None
    house.go()
    assert house.runs == 3


@pytest.mark.parametrize("error", [DocumentError("a.yaml: is empty"), OSError(28, "disk full")])
def test_an_input_that_cannot_be_used_is_code_2(house: House, error: Exception) -> None:
    house.failure = error
    with pytest.raises(StepFailure, match=str(error.args[-1])) as caught:
        house.go()
    assert caught.value.code == 2


@pytest.mark.parametrize("text", ["{broken", "[]"])
def test_a_corrupt_record_only_costs_a_run(house: House, text: str) -> None:
    house.go()
    (house.root / "build" / "steps.json").write_text(text)
    house.go()
    assert house.runs == 2


def test_the_steps_after_a_failure_do_not_run(house: House, tmp_path: Path) -> None:
    house.failure = StepFailure(1, "no")
    later = Step("later", house.work)
    with pytest.raises(StepFailure):
        run([Step("first", house.work), later], Memory(tmp_path / "m.json"), Console(), tmp_path)
    assert house.runs == 1


class Beside:
    """Two steps, and a third in its own process that starts after the first."""

    def __init__(self, root: Path, source: str) -> None:
        self.root = root
        (root / "beside.py").write_text(source)
        self.program = Program("beside", root)

    def go(self, second: Callable[[], str], inputs: tuple[str, ...] = ()) -> str:
        text = io.StringIO()
        steps = (
            Step("first", lambda: "one"),
            Step("second", second),
            Step("third", self.program, inputs, after="first"),
        )
        run(steps, Memory(self.root / "m.json"), Console(file=text, width=80), self.root)
        return text.getvalue()

    def until(self, name: str) -> str:
        """Wait for a file that the program writes."""
        while True:
            assert self.program.process is not None
            # Asked first: it may write the file and end between the two questions.
            has_ended = self.program.process.poll() is not None
            if (self.root / name).exists():
                return (self.root / name).read_text()
            assert not has_ended


def test_a_program_runs_in_parallel_and_is_shown_in_its_place(
    tmp_path: Path,
) -> None:
    beside = Beside(tmp_path, "open('here', 'x').close(); print('three')")

    def second() -> str:
        beside.until("here")
        return "two"

    lines = [line.split()[1:3] for line in beside.go(second).splitlines()]
    assert [["first", "one"], ["second", "two"], ["third", "three"]] == lines


def test_a_failed_program_gives_its_exit_code_and_output(tmp_path: Path) -> None:
    beside = Beside(tmp_path, "import sys; print('no\\n    why', file=sys.stderr); sys.exit(2)")
    with pytest.raises(StepFailure, match=r"^third: no\n    why$") as caught:
        beside.go(lambda: "two")
    assert caught.value.code == 2


def test_a_failure_stops_the_program_that_runs_beside_it(tmp_path: Path) -> None:
    source = """
        import os, pathlib, time
        pathlib.Path("part").write_text(str(os.getpid()))
        pathlib.Path("part").rename("pid")
        time.sleep(600)
    """
    beside = Beside(tmp_path, dedent(source))
    pids: list[int] = []

    def second() -> str:
        pids.append(int(beside.until("pid")))
        raise StepFailure(1, "no")

    with pytest.raises(StepFailure, match=r"^second: no$"):
        beside.go(second)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_a_program_with_the_same_inputs_is_not_started(tmp_path: Path) -> None:
    beside = Beside(tmp_path, "open('here', 'x').close(); print('three')")
    (tmp_path / "input.txt").write_text("one")
    beside.go(lambda: "two", ("input.txt",))
    assert "third      three (unchanged)" in beside.go(lambda: "two", ("input.txt",))
