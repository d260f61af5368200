"""pytest --heidi-url URL: judge a server, a test for each rule on each operation.

A separate package: pytest imports it wherever heidi-sessions is installed, so it imports nothing
until it is needed, and no dependency of an extra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SWITCHES = {
    "--heidi-rules-only": "leave out the requests that are made at random",
    "--heidi-read-only": "send nothing but GET, and create no session",
    "--heidi-allow-writes": "create sessions on a host other than this one; they cannot be deleted",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options. Tokens come from the environment alone: HEIDI_TOKEN or HEIDI_API_KEY."""
    group = parser.getgroup("heidi", "judge a server of the Heidi Sessions API")
    group.addoption("--heidi-url", metavar="URL", help="the base URL of the API, with its path")
    group.addoption(
        "--heidi-level",
        choices=("documented", "strict"),
        default="documented",
        help="hold it to the vendor's page, or to all of the contract (default: documented)",
    )
    for flag, about in SWITCHES.items():
        group.addoption(flag, action="store_true", help=about)
    group.addoption("--heidi-seed", type=int, metavar="N", help="of the random requests")
    group.addoption(
        "--heidi-max-sessions", type=int, metavar="N", help="create at most this many sessions"
    )
    group.addoption("--heidi-proxy", metavar="URL", help="send everything through this HTTP proxy")
    group.addoption(
        "--heidi-ca-file", metavar="FILE", help="certificates to trust besides the usual ones"
    )
    group.addoption("--heidi-report", metavar="DIR", help="write the reports of the run here too")


def pytest_configure(config: pytest.Config) -> None:
    """Judge where a URL is given, and only there."""
    config.addinivalue_line("markers", "heidi: a rule of the Heidi Sessions API, see --heidi-url")
    if not config.getoption("heidi_url"):
        return
    if config.getoption("numprocesses", None) or hasattr(config, "workerinput"):
        raise pytest.UsageError(
            "--heidi-url judges from one process, so that no run sees the sessions of another; "
            "leave out -n, and see `heidi-conformance campaign` for many"
        )
    config.pluginmanager.register(loaded()(config), "heidi-conformance-tests")


def loaded() -> Callable[[pytest.Config], object]:
    """Return the plugin itself. Raises pytest.UsageError where the extra is missing."""
    try:
        from heidi_conformance.testing import Rules  # noqa: PLC0415  # only who asks pays for it
    except ImportError:
        raise pytest.UsageError("--heidi-url needs the extra heidi-sessions[conformance]") from None
    return Rules
