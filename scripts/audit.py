"""Look for known vulnerabilities in every Python package that uv.lock holds.

    python -m scripts.audit

Asks the vulnerability database of the Python package index, by pip-audit.
Exit codes: 0 none is known, 1 there are some, 2 the database could not be asked.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scripts.bundle import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TOOL: Final = "pip-audit==2.10.1"
TIMEOUT: Final = 300
"""Seconds that the questions may take."""


class AuditError(Exception):
    """No database could be reached; the text is one line."""


@dataclass(frozen=True)
class Audit:
    """What is known of the packages.

    Attributes:
        asked: how many packages there is a response for.
        unknown: the packages that there is no response for.
        vulnerabilities: a line each.
    """

    asked: int
    unknown: tuple[str, ...]
    vulnerabilities: tuple[str, ...]


def read(report: str) -> Audit:
    """Read a report of pip-audit in its JSON form.

    Raises:
        AuditError: it is none.
    """
    try:
        packages: list[Any] = json.loads(report)["dependencies"]
        lines = tuple(
            f"{each['name']} {each['version']}: {found['id']}, fixed in"
            f" {', '.join(found['fix_versions']) or 'no version yet'}"
            for each in packages
            for found in each.get("vulns", ())
        )
        unknown = tuple(each["name"] for each in packages if "skip_reason" in each)
    except (ValueError, KeyError, TypeError) as error:
        raise AuditError("pip-audit: printed no report; try again") from error
    return Audit(len(packages) - len(unknown), unknown, lines)


def ask() -> str:
    """Ask for every locked package, and return the report of pip-audit.

    Raises:
        AuditError: it could not run.
    """
    with tempfile.TemporaryDirectory() as folder:
        locked = Path(folder, "requirements.txt")
        export = ["export", "--locked", "--all-extras", "--all-groups", "--no-emit-project"]
        _uv(*export, "--project", str(ROOT), "--output-file", str(locked))
        options = ["--require-hashes", "--disable-pip", "--progress-spinner", "off"]
        return _uv(
            *("tool", "run", "--from", TOOL, "pip-audit"),
            *("--requirement", str(locked), *options, "--format", "json"),
        )


def _uv(*arguments: str) -> str:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "uv", *arguments],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise AuditError(f"uv {arguments[0]}: took longer than {TIMEOUT} s") from error
    if done.returncode and not done.stdout.strip():
        reason = (done.stderr.strip().splitlines() or [f"code {done.returncode}"])[-1]
        raise AuditError(f"uv {arguments[0]}: {reason.strip()}")
    return done.stdout


def main(arguments: Sequence[str] | None = None, ask: Callable[[], str] = ask) -> int:
    """Run the command line; see the top of this file."""
    argparse.ArgumentParser("python -m scripts.audit", description=__doc__).parse_args(arguments)
    try:
        audit = read(ask())
    except (AuditError, OSError) as error:
        print(f"audit: not done: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("audit: interrupted", file=sys.stderr)
        return 130
    for line in audit.vulnerabilities:
        print(line)
    if audit.vulnerabilities:
        return 1
    if audit.unknown:
        print(
            f"audit: not done: no response for {len(audit.unknown)} of"
            f" {audit.asked + len(audit.unknown)} packages, {audit.unknown[0]} among them;"
            " try where the package index and its vulnerability database can be reached",
            file=sys.stderr,
        )
        return 2
    print(f"audit: nothing is known against {audit.asked} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
