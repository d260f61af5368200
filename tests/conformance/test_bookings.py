"""Another API is judged by the same code, with its own document and semantics."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from .bookings import SERVERS, write


@pytest.mark.slow
def test_a_server_of_another_api_is_judged_by_its_documents(tmp_path: Path) -> None:
    write(tmp_path)
    run = subprocess.run(
        [sys.executable, "-m", "tests.conformance.bookings"],
        env=os.environ | {"HEIDI_DOCUMENTS": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = cast("dict[str, list[str]]", json.loads(run.stdout))

    assert ([], []) == (told["documented"], told["strict"])
    for server, rule in SERVERS:
        assert rule in {item.partition(":")[0] for item in told[server.__name__]}, server.__doc__


def test_a_folder_without_documents_is_reported_in_one_line(tmp_path: Path) -> None:
    command = ["heidi-conformance", "run", "http://127.0.0.1:1", "--documents", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert 2 == run.returncode
    (line,) = run.stderr.splitlines()
    assert f"{tmp_path} has no" in line
