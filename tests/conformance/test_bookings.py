"""Another API is judged by the same code, with its own document and semantics."""

import subprocess
from pathlib import Path

import pytest

from .bookings import SERVERS, write
from .standing import printed_findings


@pytest.mark.slow
def test_a_server_of_another_api_is_judged_by_its_documents(tmp_path: Path) -> None:
    write(tmp_path)
    told = printed_findings("tests.conformance.bookings", tmp_path)

    assert ([], []) == (told["documented"], told["strict"])
    for server, rule in SERVERS:
        assert rule in {item.partition(":")[0] for item in told[server.__name__]}, server.__doc__


def test_a_folder_without_documents_is_reported_in_one_line(tmp_path: Path) -> None:
    command = ["heidi-conformance", "run", "http://127.0.0.1:1", "--documents", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert 2 == run.returncode
    (line,) = run.stderr.splitlines()
    assert f"{tmp_path} has no" in line
