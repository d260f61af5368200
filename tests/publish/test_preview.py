"""The preview serves a new publication, and says in one line why it cannot."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from scripts.publication.preview import main
from scripts.steps.documents import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PREVIEW = """
import pathlib, sys
from scripts.publication.preview import main
sys.exit(main(["--port", "0"], pathlib.Path(sys.argv[1])))
"""


@pytest.mark.slow
def test_the_preview_serves_the_publication_until_it_is_interrupted(
    published: tuple[Path, Path],
) -> None:
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PREVIEW, str(published[0])],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            folder, _, address = line.strip().partition(" on ")
            page = httpx.get(address)
            missing = httpx.get(f"{address}documents/nothing.yaml")
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    assert published[1].relative_to(published[0]).as_posix() == folder
    assert (published[1] / "index.html").read_bytes() == page.content
    assert 404 == missing.status_code
    assert (published[1] / "404.html").read_bytes() == missing.content
    assert (0, "", "") == (process.returncode, rest.strip(), errors)


@pytest.mark.slow
@pytest.mark.parametrize("taken", [True, False])
def test_an_unavailable_port_is_named(
    published: tuple[Path, Path], taken: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1] if taken else 70000
        assert 2 == main(["--port", str(port)], published[0])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"preview: port {port}: ")
    assert line.endswith("; name another with --port")


def test_an_unpublishable_document_is_not_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == main(["--port", "0"], tmp_path)
    (line,) = capsys.readouterr().err.splitlines()
    assert "openapi.yaml" in line
