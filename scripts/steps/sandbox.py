"""Judge the sandbox at level strict: start it on a free port, point the judge at it, stop it.

    python -m scripts.steps.sandbox

Exit codes: 0 the sandbox conforms, 1 findings, 2 one of the two could not run.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from heidi_spec_tools.documents import load
from heidi_spec_tools.nodes import Document

from scripts.library.running import StepFailure
from scripts.library.serving import ServingError, serving
from scripts.steps.documents import OUTPUT, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.library.serving import Served

STRICT: Final = OUTPUT / "strict.json"
WANTING: Final = frozenset({"not-given", "unanswered"})
"""Reasons of skipped rules that had to be judged: a missing credential or response."""

NEVER_JUDGED: Final = "retry-after"
"""The rule about status 429, which the sandbox never returns."""

REPORT: Final = ROOT / "reports" / "sandbox" / "report.json"
PRINTED: Final = "judge.log"
TIME: Final = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ", re.MULTILINE)
"""What a line of the sandbox's log starts with; without it, the same message is one line."""


def judge_sandbox() -> str:
    """Judge the sandbox and return the verdict in a few words.

    The output of the judge goes into a file beside its reports, and is shown if it fails.

    Raises:
        StepFailure: findings, as the judge prints them, and the log of the sandbox; or an
            operation that was not judged.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        try:
            with serving([sys.executable, "-m", "heidi_sandbox"], log, os.environ) as sandbox:
                code = _judge(sandbox)
        except ServingError as error:
            raise StepFailure(2, str(error)) from None
        logged = dict.fromkeys(TIME.sub("", log.read_text("utf-8")).splitlines())
        printed = REPORT.with_name(PRINTED).read_text("utf-8").splitlines()
        said = [*(f"the sandbox says: {line}" for line in logged), *printed]
    if code == 2 or not REPORT.exists():
        raise StepFailure(2, "the judge could not run", said)
    verdict: Any = json.loads(REPORT.read_text(encoding="utf-8"))
    if code or not verdict["conforms"]:
        raise StepFailure(1, f"does not conform; see {REPORT}", said)
    if lines := [*unjudged(verdict, load(ROOT / STRICT))]:
        raise StepFailure(1, f"not everything was judged; see {REPORT}", lines)
    return f"conforms at level strict, {verdict['requests']} requests"


def unjudged(verdict: Any, document: Any) -> Iterator[str]:
    """Yield a line for each operation and rule that was not judged completely.

    A rule may be skipped on an operation that it cannot be put to, but not on all operations.
    """
    judged = {row["operation"] for row in verdict["rules"] if row["result"] == "passed"}
    for node in Document(document).of("operation"):
        if node.value["operationId"] not in judged:
            yield f"{STRICT}: {node.place}: no rule was put to it; fix conformance/"
    yield from verdict["gaps"]  # among them, operations that never succeeded
    put = {NEVER_JUDGED, *(row["rule"] for row in verdict["rules"] if row["result"] != "skipped")}
    for row in verdict["rules"]:
        if row["reason"] in WANTING or row["rule"] not in put:
            yield f"{row['rule']} was not judged on {row['operation']}: {row['why']}"


def _judge(sandbox: Served) -> int:
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.unlink(missing_ok=True)
    command = [sys.executable, "-m", "heidi_conformance", "run", sandbox.url, "--level", "strict"]
    command += ["--report", str(REPORT.parent)]
    # Settings of a developer for other servers are not passed on.
    others = {name: value for name, value in os.environ.items() if not name.startswith("HEIDI_")}
    environment = {**others, **sandbox.credentials()}
    with REPORT.with_name(PRINTED).open("wb") as printed:
        return subprocess.run(
            command, env=environment, stdout=printed, stderr=subprocess.STDOUT, check=False
        ).returncode


def _end(number: int, _: object) -> NoReturn:
    """Exit in a way that ends the sandbox and the judge as well."""
    sys.exit(128 + number)


def main() -> int:
    """Run the command line."""
    signal.signal(signal.SIGTERM, _end)
    try:
        print(judge_sandbox())
    except StepFailure as failure:
        print(failure, file=sys.stderr)
        return failure.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
