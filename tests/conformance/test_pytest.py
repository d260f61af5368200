"""pytest --heidi-url: the rules as tests of a partner's project."""

import subprocess
import sys
from pathlib import Path

import heidi_sandbox
import pytest

from .conftest import new_api
from .faults import simple
from .faults.simple import TOKEN
from .reference import faulty, serving

pytest_plugins = ["pytester"]
STRICT = ("--heidi-level", "strict", "--heidi-rules-only")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEIDI_TOKEN", "HEIDI_API_KEY", "HEIDI_OTHER_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    # Another plugin, which takes a second to load.
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:schemathesis")


@pytest.mark.slow
def test_a_correct_server_passes_and_rules_that_cannot_run_are_skipped_with_the_reason(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(test_mine="def test_of_mine(): pass")
    with heidi_sandbox.serving() as sandbox:
        monkeypatch.setenv("HEIDI_API_KEY", sandbox.api_key)
        result = pytester.runpytest_subprocess("--heidi-url", sandbox.url, *STRICT, "-v", "-rs")

    assert 0 == result.ret
    result.stdout.fnmatch_lines(
        [
            "heidi: 127.0.0.1:*, level strict",
            "test_mine.py::test_of_mine PASSED*",
            "heidi-conformance::expired-token[[]getSession[]] SKIPPED*",
            "heidi-conformance::own-sessions[[]getSession[]] PASSED*",
            "SKIPPED * give a token that has expired (HEIDI_EXPIRED_TOKEN)",
        ]
    )
    outcomes = result.parseoutcomes()
    assert outcomes["passed"] > 100
    assert "failed" not in outcomes
    assert f"collected {sum(outcomes.values())} items" in result.stdout.str()


@pytest.mark.slow
def test_a_broken_rule_fails_with_its_card_and_shows_no_token(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEIDI_TOKEN", TOKEN)
    with serving(faulty(new_api(), simple.parrot)) as url:
        result = pytester.runpytest_inprocess(
            "--heidi-url", url, *STRICT, "--showlocals", "-k", "json-answers or error-shape"
        )

    assert 1 == result.ret
    out = result.stdout.str()
    assert result.parseoutcomes()["failed"] >= 1
    result.stdout.fnmatch_lines(
        ["*answers*", "  words  *", "  expected  *", "  got  *", "  $ curl*"]
    )
    assert "Traceback" not in out
    assert TOKEN not in out + result.stderr.str()


def test_only_chosen_rules_are_put_to_the_server(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEIDI_TOKEN", TOKEN)
    api = new_api()
    with serving(faulty(api, simple.session_without_id)) as url:
        result = pytester.runpytest_inprocess(
            "--heidi-url", url, "--heidi-level", "strict", "-k", "works or totals",
            "--heidi-report", "told",
        )  # fmt: skip

    assert {"passed", "deselected"} <= result.parseoutcomes().keys()
    assert len(api.requests) < 600
    assert ["junit.xml", "report.html", "report.json", "report.sarif"] == sorted(
        path.name for path in (pytester.path / "told").iterdir()
    )


def test_nothing_is_sent_when_tests_are_only_listed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEIDI_TOKEN", TOKEN)
    api = new_api()
    with serving(api.handle) as url:
        result = pytester.runpytest_inprocess(
            "--heidi-url", url, "--collect-only", "-q", "-m", "heidi"
        )

    result.stdout.fnmatch_lines(["heidi-conformance::works[[]createSession[]]"])
    assert [] == api.requests


def test_a_silent_server_fails_once_and_in_one_line(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEIDI_TOKEN", TOKEN)
    result = pytester.runpytest_inprocess("--heidi-url", "http://127.0.0.1:1", "-k", "works")

    outcomes = result.parseoutcomes()
    assert (1, 3) == (outcomes["failed"], outcomes["skipped"])
    result.stdout.fnmatch_lines(["could not be judged: 127.0.0.1:1 does not respond to*"])


def test_everything_is_sent_through_the_proxy(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEIDI_TOKEN", TOKEN)
    place = ("--heidi-url", "http://127.0.0.1:1", "--heidi-proxy", "http://127.0.0.1:2")
    result = pytester.runpytest_inprocess(*place, "-k", "works")

    result.stdout.fnmatch_lines(["could not be judged: *could not connect to the proxy*"])


USELESS = {
    "many sessions": (
        ["--heidi-url", "https://api.example", "--heidi-max-sessions", "7"],
        {"HEIDI_TOKEN": "s3cret"},
        "up to 7 sessions",
    ),
    "no token": (["--heidi-url", "http://127.0.0.1:1"], {}, "HEIDI_TOKEN"),
    "no URL": (["--heidi-url", "localhost"], {"HEIDI_TOKEN": "s3cret"}, "http"),
    "elsewhere": (
        ["--heidi-url", "https://api.example"], {"HEIDI_TOKEN": "s3cret"}, "--heidi-allow-writes",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "variables", "named"), USELESS.values(), ids=USELESS)
def test_a_server_that_cannot_be_judged_is_a_usage_error(
    arguments: list[str],
    variables: dict[str, str],
    named: str,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    result = pytester.runpytest_inprocess(*arguments)

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    err = result.stderr.str()
    assert named in err
    assert "s3cret" not in err


INERT = """
import sys
import pytest
code = pytest.main(["-q", "-p", "no:schemathesis", "-p", "no:cacheprovider"])
heavy = ("heidi", "rich", "schemathesis", "distributed")
print(sorted(name for name in sys.modules if name.startswith(heavy)))
sys.exit(code)
"""


def test_without_a_url_nothing_is_added_and_nothing_is_imported(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("def test_of_mine(): pass\n")

    done = subprocess.run(
        [sys.executable, "-c", INERT], capture_output=True, text=True, cwd=tmp_path, check=False
    )

    assert 0 == done.returncode
    assert "1 passed" in done.stdout
    assert "['heidi_conformance_pytest']" == done.stdout.splitlines()[-1]
