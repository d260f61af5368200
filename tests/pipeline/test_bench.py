"""The bench measures what it says, as small as it gets; no test here depends on a time."""

from __future__ import annotations

import dataclasses
import math
import os
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.bench import environments, measure, servers
from scripts.bench.__main__ import FIGURES, main
from scripts.bench.environments import PEERS, Installed
from scripts.bench.judging import VARIABLE, Tally, asked, rows, sample
from scripts.bench.measure import SAMPLE, NotMeasuredError, ask, interleave, running
from scripts.bench.postgresql import REQUIRED
from scripts.bench.table import Bound, Row, table
from scripts.bench.verdicts import Judge, Schemathesis, Verdict, catalogue, verdict
from tests.conformance.faults import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scripts.bench.environments import Environments


HERE = Path(sys.executable)
MISSED = Row.of_ratio("size", "3 MB", "2 MB", 1.5, Bound("≤", 1))
MET = Row.of_ratio("size", "2 MB", "4 MB", 0.5, Bound("≤", 1))
MISSING = Row.not_measured("size", "no peer", Bound("≤", 1))


class Here:
    """The environment that runs the tests has our client and all extras, and no peer."""

    def ours(self, *extras: str) -> Path:
        return HERE

    def peer(self, name: str) -> Path:
        raise NotMeasuredError(f"{name} is not here")

    def prism(self) -> Path:
        raise NotMeasuredError("Prism is not here")


class Nowhere(Here):
    def ours(self, *extras: str) -> Path:
        raise NotMeasuredError("the wheel cannot be built")


def figure(*rows: Row) -> Callable[..., Iterator[Row]]:
    def measured(_: Environments, *, smoke: bool) -> Iterator[Row]:
        yield from rows

    return measured


def is_peer(row: Row) -> bool:
    """Say whether a figure needs a tool that is missing."""
    return row.figure.startswith("GET, added, against") or row.figure.endswith("Prism")


# The figures: some are measured below, and all of them every night


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "decode",
            [
                "decode all keys, against pydantic",
                "decode gaps, against pydantic",
                "decode all keys, without msgspec, against stock",
                "decode all keys, against stock",
                "decode strict, against stock",
                "decode all keys, against json alone",
            ],
        ),
        ("get", ["GET, added to raw httpx", *(f"GET, added, against {name}" for name in PEERS)]),
        ("import", ["import heidi_sessions"]),
        ("installed", ["installed distributions", "installed megabytes"]),
        ("async", ["20 concurrent GETs, [aiohttp]"]),
        ("memory", ["memory, walk over 1e5 sessions"]),
        (
            "serve",
            [
                "GET, against FastAPI, SQLAlchemy, aiosqlite",
                "PATCH, against FastAPI, SQLAlchemy, aiosqlite",
                "GET, against FastAPI in memory",
                "PATCH, against FastAPI in memory",
                "GET, against Prism",
                "PATCH, against Prism",
                "GET, against a bare ASGI constant",
            ],
        ),
        ("list", ["list of 20, at 1e6 sessions against 1e3"]),
        ("soak", ["memory, most in ten minutes of load"]),
    ],
)
def test_a_figure_is_measured_and_has_its_rows(name: str, expected: list[str]) -> None:
    rows = list(FIGURES[name](Here(), smoke=True))
    assert expected == [row.figure for row in rows]
    measured = [row for row in rows if not row.ours.startswith("not measured")]
    assert [] == [row for row in rows if row not in measured and not is_peer(row)]
    unlimited = [row for row in measured if row.must is None]
    assert all(row.figure.endswith((" stock", " json alone")) for row in unlimited)
    assert [] == [row for row in measured if row.must and row.met is None]
    ratios = [row.ratio for row in measured if row.ratio is not None]
    assert all(math.isfinite(ratio) for ratio in ratios)


@pytest.mark.long
def test_several_processes_on_one_database_are_compared_with_one() -> None:
    try:
        rows = list(FIGURES["workers"](Here(), smoke=True))
    except NotMeasuredError as error:
        if "no PostgreSQL" in str(error) and not os.environ.get(REQUIRED):
            pytest.skip(str(error))
        raise
    assert [
        "GET on PostgreSQL, 2 processes against one",
        "GET on PostgreSQL, 4 processes against one",
        "PATCH on PostgreSQL, 2 processes against one",
        "PATCH on PostgreSQL, 4 processes against one",
    ] == [row.figure for row in rows]
    assert all(row.ratio and math.isfinite(row.ratio) for row in rows)


def test_a_failed_burst_has_its_status() -> None:
    with (
        servers.load() as load,
        servers.sandbox(HERE, sessions=0) as server,
        pytest.raises(NotMeasuredError, match=r"failed: [0-9]+ with status 401$"),
    ):
        load.burst(dataclasses.replace(server, token="none"), servers.lists(server), 0)


def test_a_missing_peer_leaves_a_row_with_the_reason() -> None:
    rows = list(FIGURES["get"](Here(), smoke=True))[1:]
    assert [f"not measured: {name} is not here" for name in PEERS] == [row.ours for row in rows]


def test_options_and_proxies_of_the_user_do_not_affect_measurements(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEIDI_REGION", "nowhere")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert 1 == len(list(FIGURES["async"](Here(), smoke=True)))


# The command line


@pytest.mark.slow
def test_every_row_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["--smoke", "--only", "import", "--only", "installed"], Here())
    printed = capsys.readouterr().out
    for name in ("import heidi_sessions", "installed distributions", "installed megabytes"):
        assert f"| {name}" in printed


@pytest.mark.parametrize(
    ("rows", "arguments", "code"),
    [
        ((MET, MISSING), [], 0),
        ((MET, MISSED), [], 1),
        ((MET, MISSED), ["--smoke"], 0),
    ],
    ids=["met", "missed", "smoke"],
)
def test_a_missed_figure_fails_the_run_and_a_missing_peer_does_not(
    rows: tuple[Row, ...], arguments: list[str], code: int
) -> None:
    assert code == main(arguments, Here(), {"size": figure(*rows)})


@pytest.mark.parametrize("name", ["get", "import", "installed", "async", "memory", "serve"])
def test_a_failure_of_our_own_part_is_one_line_and_exit_code_2(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == main(["--smoke", "--only", name], Nowhere())
    error = capsys.readouterr().err.splitlines()[-1]
    assert f"bench: {name}: the wheel cannot be built" == error


def test_a_decoder_that_fails_is_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("scripts.bench.decoding._rows", _fail)
    assert 2 == main(["--smoke", "--only", "decode"], Here())
    assert "bench: decode: KeyError: 'a name'" == capsys.readouterr().err.splitlines()[-1]


def _fail(*_: object) -> list[Row]:
    raise KeyError("a name")


def test_the_table_is_aligned_and_says_what_was_missed_and_what_has_no_limit() -> None:
    told = Row.reported("rate", "4/s", "2/s", 2.0)
    assert [
        "| figure | ours                  | peer | ratio | must        | met |",
        "| ------ | --------------------- | ---- | ----- | ----------- | --- |",
        "| size   | 3 MB                  | 2 MB | 1.50  | ≤ 1         | NO  |",
        "| size   | 2 MB                  | 4 MB | 0.50  | ≤ 1         | yes |",
        "| size   | not measured: no peer |      |       | ≤ 1         |     |",
        "| rate   | 4/s                   | 2/s  | 2.00  | report only |     |",
    ] == table([MISSED, MET, MISSING, told]).splitlines()


@pytest.mark.parametrize(
    ("bound", "below", "at", "above"),
    [("≤", True, True, False), ("<", True, False, False), ("≥", False, True, True)],
)
def test_a_limit_is_inclusive_or_exclusive(bound: str, below: bool, at: bool, above: bool) -> None:
    must = Bound(bound, 4)
    assert [below, at, above] == [must.met(value) for value in (3.9, 4, 4.1)]


# Measuring


def test_cases_take_turns_and_give_the_median_of_each_number() -> None:
    order = list[str]()
    numbers = {"a": iter([1.0, 9.0, 2.0]), "b": iter([5.0, 4.0, 6.0])}

    def case(name: str) -> Callable[[], dict[str, float]]:
        def measured() -> dict[str, float]:
            order.append(name)
            return {name: next(numbers[name])}

        return measured

    assert {"a": 2.0, "b": 5.0} == interleave([case("a"), case("b")], 3)
    assert ["a", "b", "a", "b", "a", "b"] == order


def test_a_program_that_fails_says_why_in_one_line() -> None:
    with (
        pytest.raises(NotMeasuredError, match=r"^calls\.py: KeyError: 'nobody'$"),
        running(HERE, "calls.py", "nobody", 1, SAMPLE),
    ):
        pass
    with pytest.raises(NotMeasuredError, match=r"^imports\.py: ModuleNotFoundError: .*'nothing'$"):
        ask(HERE, "imports.py", "nothing")


def test_a_program_that_never_responds_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tmp_path.joinpath("hangs.py").write_text("import time; print(1, flush=True); time.sleep(600)")
    monkeypatch.setattr(measure, "PROGRAMS", tmp_path)
    monkeypatch.setattr(measure, "LIMIT", 0.5)
    with (
        running(HERE, "hangs.py") as program,
        pytest.raises(NotMeasuredError, match=r"^hangs\.py: ended with code -9$"),
    ):
        program.round()
    with pytest.raises(NotMeasuredError, match=r"^hangs\.py: took longer than"):
        ask(HERE, "hangs.py")


# Environments


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make this the only source of distributions."""
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    return folder


def put(shop: Path, version: str) -> None:
    info = f"bench_tiny-{version}.dist-info"
    files = {
        "bench_tiny.py": "x = 1\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: bench-tiny\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(shop / f"bench_tiny-{version}-py3-none-any.whl", "w") as wheel:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(name, text)


def test_a_peer_gets_an_environment_that_is_kept_until_its_version_changes(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(shop, "1.0")
    put(shop, "2.0")
    installed = Installed(tmp_path / "bench")
    made = list[int]()
    for version in ("1.0", "1.0", "2.0"):
        monkeypatch.setitem(environments.PEERS, "bench-tiny", version)
        python = installed.peer("bench-tiny")
        made.append((python.parents[1] / "made-of.txt").stat().st_mtime_ns)
        assert 1 == ask(python, "installed.py")["distributions"]
    first, second, third = made
    assert first == second < third


def test_bytecode_exists_but_is_not_counted(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(shop, "1.0")
    monkeypatch.setitem(environments.PEERS, "bench-tiny", "1.0")
    python = Installed(tmp_path / "bench").peer("bench-tiny")
    (code,) = python.parents[1].glob("lib/python*/site-packages/__pycache__/bench_tiny*.pyc")
    assert 0 < ask(python, "installed.py")["bytes"]
    before = ask(python, "installed.py")["bytes"]
    code.write_bytes(bytes(10_000))
    assert before == ask(python, "installed.py")["bytes"]


def test_a_peer_that_cannot_be_installed_says_why_in_one_line(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(environments.PEERS, "bench-tiny", "3.0")
    with pytest.raises(NotMeasuredError, match=r"^uv pip: .*bench-tiny") as caught:
        Installed(tmp_path / "bench").peer("bench-tiny")
    assert 1 == len(str(caught.value).splitlines())
    assert len(str(caught.value)) < 140


# The judge is compared with its peer on the same servers, and nothing is counted twice.

KNOWN = frozenset({("refused", "GET /sessions")})
OTHER = frozenset({("refused", "POST /sessions")})


class Nothing:
    """A missing tool."""

    def command(self, url: str, folder: Path) -> list[str]:
        return [str(HERE), "-c", "raise SystemExit(1)"]

    def failures(self, folder: Path) -> frozenset[tuple[str, ...]]:
        raise AssertionError("it reported nothing")


@pytest.mark.long
def test_both_tools_are_counted_and_timed_on_a_faulty_server() -> None:
    here: Environments = Here()
    found, *told = rows(here, smoke=True)
    assert f"faults found, one token, 1 of {len(CATALOGUE)}, in short" == found.figure
    assert ("1, 1 with other users and the key", "schemathesis run 1") == (found.ours, found.peer)
    assert ["said of the correct server", "without a verdict"] == [row.figure for row in told[:2]]
    assert ("0", "0") == (told[0].ours, told[1].ours)
    assert ("1", "0") == (told[0].peer, told[1].peer)
    assert 3 == len([row.ratio for row in told if row.ratio])


def test_a_finding_on_the_correct_server_does_not_count_as_a_fault_found() -> None:
    tally = Tally(KNOWN)
    tally.verdicts = [Verdict(KNOWN, 1, 1, 1), Verdict(KNOWN | OTHER, 1, 1, 1)]
    assert [False, True] == [tally.finds(one) for one in tally.verdicts]
    assert 1 == tally.found


def test_a_tool_that_ends_without_a_report_has_no_verdict() -> None:
    one = verdict(Nothing(), "", {})
    assert (frozenset(), 0, False) == (one.failures, one.requests, one.over)


def test_a_sample_has_as_many_of_each_class_and_is_always_the_same() -> None:
    faults = [f"{name}.{number}" for name in "abc" for number in range(9)]
    assert ["a", "b", "c", "a", "b", "c"] == [fault[0] for fault in sample(faults, 2)]
    assert sample(faults, 2) == sample(faults, 2)
    assert sorted(faults) == sorted(sample(faults, None))


@pytest.mark.parametrize("text", ["", "0", "-1", "some", "1000", "٣"])
def test_an_invalid_number_of_faults_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(NotMeasuredError, match=VARIABLE):
        asked()


def test_the_whole_catalogue_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "all")
    assert asked() is None
    whole = sample(catalogue(), asked())
    assert sorted(planted.id for planted in CATALOGUE) == sorted(whole)


def test_no_token_is_among_the_arguments_of_a_tool(tmp_path: Path) -> None:
    for tool in (Judge(HERE), Schemathesis(HERE)):
        assert "TOKEN" not in " ".join(tool.command("http://127.0.0.1:1", tmp_path))
    assert "${HEIDI_TOKEN}" in (tmp_path / "schemathesis.toml").read_text()
