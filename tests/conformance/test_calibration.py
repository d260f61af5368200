"""The program that judges the whole catalogue and all correct servers; CI runs it."""

import pytest
from heidi_conformance.rules import SCRIPTS

from . import calibration
from .calibration import STRICT_ONLY, UNSEEN, Judgement, Sight, fits, judged, line, main, table
from .faults import CATALOGUE
from .standing import place

PLANTED = {planted.id: planted for planted in CATALOGUE}


@pytest.mark.parametrize("excused", [UNSEEN, STRICT_ONLY])
def test_every_excused_fault_is_in_the_catalogue_and_has_its_reason(
    excused: dict[str, str],
) -> None:
    assert set() == set(excused) - PLANTED.keys()
    assert all(excused.values())


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["1", "2"])
def test_faults_that_their_rules_name_are_caught(
    processes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("--id", "tenants.reads_all", "--id", "shape.note_is_gone")
    assert 0 == main(["--quick", "--processes", processes, *names])
    out = capsys.readouterr().out
    assert "own-sessions (S2)" in out
    assert ["all", "2"] == out.splitlines()[-1].split()[:2]


@pytest.mark.slow
def test_a_fault_that_no_rule_names_fails_the_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(UNSEEN, "auth.token_in_the_query")
    monkeypatch.setattr(calibration, "SCRIPTS", SCRIPTS[:5])
    assert 1 == main(["--brief", "--id", "auth.token_in_the_query"])
    assert "missed" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    "name", ["auth.key_is_optional", "validation.null_dob", "ids.any_part", "auth.in_quotes"]
)
def test_what_finds_much_with_few_requests_is_sent_first(name: str) -> None:
    with place() as put:
        first = judged(PLANTED[name], put, level="strict").first
    assert first is not None
    assert first.requests < 250


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--id", "auth.token"], "--id auth.token: there is no such fault"),
        (["--correct", "--id", "slo"], "--id slo: there is no such server"),
        (["--class", "token"], "--class token: there is no such class"),
    ],
)
def test_a_name_that_chooses_nothing_is_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert 2 == ended.value.code
    assert said in capsys.readouterr().err


def test_a_fault_that_cannot_be_seen_is_printed_with_the_reason() -> None:
    unseen = Judgement("auth.token_in_the_query", None, None, 0.0)
    assert UNSEEN[unseen.id] in line(unseen)
    assert ["0", "0", "0", "0", "0", "1"] == [*table([unseen])][-1].split()[1:]


def test_a_finding_of_another_row_does_not_name_a_fault() -> None:
    assert fits(PLANTED["tenants.reads_all"], "own-sessions")
    assert not fits(PLANTED["tenants.reads_all"], "walks")
    beside = Judgement("tenants.reads_all", Sight("walks", "S16", "", 0.0), None, 0.0)
    assert "beside" == beside.result


def test_the_program_judges_correct_servers(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["--correct", "--id", "short_ids"])
    assert "0 false accusations" in capsys.readouterr().out
