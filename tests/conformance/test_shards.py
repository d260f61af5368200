"""Shards cover what a whole run covers, and their reports join to one."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from heidi_conformance import CannotJudgeError, Finding, Outcome, Verdict, judge
from heidi_conformance.__main__ import main
from heidi_conformance.campaign._merge import merge
from heidi_conformance.rules import SCRIPTS
from heidi_conformance.run._shards import Shard, missing

from .conftest import new_api
from .faults.simple import TOKEN, session_without_id
from .reference import Api, faulty, serving
from .test_html import FINDING, VERDICT

NUMBER = 3


def judged(api: Api, shard: Shard | None = None, fault: Any = None, **settings: Any) -> Verdict:
    with serving(api.handle if fault is None else faulty(api, fault)) as url:
        verdict = judge(url, token=TOKEN, shard=shard, rules_only=True, level="strict", **settings)
    return replace(verdict, target="server")


def of(number: int) -> list[Shard]:
    return [Shard(k, number) for k in range(1, number + 1)]


@pytest.mark.parametrize("number", [1, 2, 3, 7, 100])
def test_every_script_is_in_exactly_one_shard(number: int) -> None:
    assert all(1 == sum(shard.takes(script) for shard in of(number)) for script in SCRIPTS)


@pytest.mark.parametrize("number", [2, 3, 7])
def test_shards_are_equally_large(number: int) -> None:
    sizes = [sum(map(shard.takes, SCRIPTS)) for shard in of(number)]

    assert max(sizes) - min(sizes) <= 1


def test_a_shard_beyond_the_last_takes_no_rules() -> None:
    assert not any(map(Shard(4, 3).takes, SCRIPTS))


@pytest.fixture(scope="module")
def parts() -> list[Verdict]:
    return [judged(new_api(), shard, session_without_id) for shard in of(NUMBER)]


@pytest.fixture(scope="module")
def whole() -> Verdict:
    return judged(new_api(), None, session_without_id)


@pytest.mark.slow
def test_joined_shards_cover_what_a_whole_run_covers(parts: list[Verdict], whole: Verdict) -> None:
    joined = merge(parts)

    assert results(whole) == results(joined)
    assert marks(whole) <= marks(joined)
    assert {finding.rule for finding in whole.findings} == {item.rule for item in joined.findings}
    assert whole.answers.keys() == joined.answers.keys()
    assert () == joined.shards
    assert all(part.requests < whole.requests for part in parts)


@pytest.mark.slow
def test_every_finding_has_the_code_of_its_rule(whole: Verdict) -> None:
    assert whole.findings
    assert all(item.rule == item.code.partition("/")[0] for item in whole.findings)


def results(verdict: Verdict) -> dict[tuple[str, str], str]:
    return {(item.rule, item.operation): item.result for item in verdict.outcomes}


def marks(verdict: Verdict) -> set[str]:
    return {finding.fingerprint for finding in verdict.findings}


def test_a_shard_sends_the_same_requests_each_time() -> None:
    # Sorted: some are sent at the same time.
    first, again = (sorted(map(told, sent(2))) for _ in range(2))

    assert first == again
    assert first != sorted(map(told, sent(1)))


def sent(shard: int) -> list[Any]:
    api = new_api()
    judged(api, Shard(shard, 9))
    return api.requests


def told(request: Any) -> tuple[str, int]:
    return request.method, len(request.body)


@pytest.mark.slow
def test_numbers_of_joined_shards_are_added_up(parts: list[Verdict]) -> None:
    joined = merge(parts)

    assert sum(part.requests for part in parts) == joined.requests
    assert sum(part.sessions_created for part in parts) == joined.sessions_created
    for finding in joined.findings:
        seen = [
            item.seen
            for part in parts
            for item in part.findings
            if item.fingerprint == finding.fingerprint
        ]
        assert sum(seen) == finding.seen
    for operation, numbers in joined.answers.items():
        for status, number in numbers.items():
            assert number == sum(part.answers.get(operation, {}).get(status, 0) for part in parts)


def test_the_order_of_reports_changes_nothing_that_counts(parts: list[Verdict]) -> None:
    there, back = merge(parts), merge(reversed(parts))

    assert marks(there) == marks(back)
    assert results(there) == results(back)
    assert there.requests == back.requests


@pytest.mark.parametrize(
    ("results", "joined"),
    [
        (("passed", "failed", "skipped"), "failed"),
        (("skipped", "passed"), "passed"),
        (("skipped", "skipped"), "skipped"),
    ],
)
def test_failed_comes_before_passed_and_passed_before_skipped(
    results: tuple[Any, ...], joined: str
) -> None:
    verdicts = [
        replace(VERDICT, outcomes=(Outcome("works", "getSession", result),)) for result in results
    ]

    assert [joined] == [item.result for item in merge(verdicts).outcomes]


def test_the_better_reproducer_of_a_cause_is_kept() -> None:
    short = replace(FINDING, stability="flaky", requests=("a",))
    proven = replace(FINDING, stability="confirmed", requests=("a", "b"))
    longer = replace(proven, requests=("a", "b", "c"))

    (kept,) = merge(
        [replace(VERDICT, findings=(item,)) for item in (short, longer, proven)]
    ).findings

    assert (("a", "b"), "confirmed", 9) == (kept.requests, kept.stability, kept.seen)


@pytest.mark.parametrize(
    ("other", "name"),
    [
        (replace(VERDICT, level="documented"), "level"),
        (replace(VERDICT, target="b"), "target"),
        (replace(VERDICT, subject="client"), "subject"),
    ],
)
def test_reports_about_different_things_are_not_joined(other: Verdict, name: str) -> None:
    with pytest.raises(CannotJudgeError, match=f"different {name}s"):
        merge([VERDICT, other])


def test_a_missing_shard_is_named() -> None:
    with pytest.raises(CannotJudgeError, match="shard 2/3 is missing"):
        merge([replace(VERDICT, shards=(name,)) for name in ("1/3", "3/3", "4/3")])


def test_shards_of_different_runs_are_not_joined() -> None:
    with pytest.raises(CannotJudgeError, match="not parts of one whole"):
        missing(("1/2", "2/3"))


def test_reports_are_joined_on_the_command_line(
    parts: list[Verdict], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = [f"{number}.json" for number in range(NUMBER)]
    for name, part in zip(names, parts, strict=True):
        Path(name).write_text(part.to_json())

    assert 1 == main(["merge", *names, "-o", "all/all.json"])

    assert ["0.json", "1.json", "2.json", "all"] == sorted(path.name for path in tmp_path.iterdir())
    assert merge(parts) == Verdict.from_json(Path("all/all.json").read_text())
    assert 1 == main(["merge", *names])
    assert 4 == len(list(Path("reports/conformance").iterdir()))
    assert 0 == main(["merge", *names, "--baseline", "all/all.json"])
    assert [] == json.loads(Path("reports/conformance/report.json").read_text())["new"]


GARBAGE = {
    "missing shard": (["merge", "one.json"], "shard 2/2 is missing"),
    "no file": (["merge", "none.json"], "none.json cannot be read"),
    "no report": (["merge", "text.json"], "text.json is not a report"),
    "no reports": (["merge"], "REPORT.json"),
    "no shard": (["run", "http://127.0.0.1:1", "--shard", "2"], "K/N"),
    "shard 0": (["run", "http://127.0.0.1:1", "--shard", "0/2"], "K/N"),
    "shard beyond": (["run", "http://127.0.0.1:1", "--shard", "3/2"], "K/N"),
    "odd digits": (["run", "http://127.0.0.1:1", "--shard", "\u0661/2"], "K/N"),
}


@pytest.mark.parametrize(("arguments", "named"), GARBAGE.values(), ids=GARBAGE)
def test_a_report_that_cannot_be_joined_gives_exit_code_2_and_is_named(
    arguments: list[str],
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one.json").write_text(replace(VERDICT, shards=("1/2",)).to_json())
    Path("text.json").write_text("text")

    assert 2 == main(arguments)

    out, err = capsys.readouterr()
    assert "" == out
    assert 1 == len(err.splitlines())
    assert named in err
    assert ["one.json", "text.json"] == sorted(path.name for path in tmp_path.iterdir())


def test_shards_with_a_key_have_separate_users(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEIDI_API_KEY", api.api_key)
    monkeypatch.delenv("HEIDI_TOKEN", raising=False)
    users: list[set[str]] = []
    with serving(api.handle) as url:
        for shard in ("1/2", "2/2"):
            before = len(api.requests)
            assert 0 == main(["run", url, "--rule", "works", "--rules-only", "--shard", shard])
            asked = [request for request in api.requests[before:] if request.path == "/jwt"]
            users.append({request.query["email"][0] for request in asked})

    assert [3, 3] == [len(names) for names in users]
    assert not users[0] & users[1]


def test_each_shard_has_its_own_seed_and_the_same_rules() -> None:
    first, other = (judged(new_api(), Shard(number, 1_000_000), seed=5) for number in (1, 3))

    assert (5, 7) == (first.seed, other.seed)


def test_a_finding_of_two_shards_is_one(parts: list[Verdict]) -> None:
    several: list[Finding] = [finding for part in parts for finding in part.findings]

    joined = merge(parts)

    assert len(several) > len(joined.findings)
    assert len(joined.findings) == len(marks(joined))
