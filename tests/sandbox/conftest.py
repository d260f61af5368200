import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from heidi_sandbox import Sandbox, serving

from tests.sandbox.api import Api, new_user
from tests.sandbox.postgresql import REQUIRED, NoPostgresqlError, Postgresql, running_postgresql
from tests.sandbox.stores import OpenStore


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    with contextlib.ExitStack() as running:
        try:
            server = running.enter_context(running_postgresql())
        except NoPostgresqlError as error:
            if os.environ.get(REQUIRED):
                pytest.fail(f"{error}; {REQUIRED} is set")
            pytest.skip(str(error))
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def kept_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database that outlives its process."""
    if request.param == "postgresql":
        server: Postgresql = request.getfixturevalue("postgresql")
        return server.new_database()
    return f"sqlite:///{tmp_path}/x.db"


@pytest.fixture(params=["sqlite", "sqlite-memory", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """An empty store."""
    url = f"sqlite:///{tmp_path}/x.db" if request.param == "sqlite" else "sqlite:///:memory:"
    if request.param == "postgresql":
        server: Postgresql = request.getfixturevalue("postgresql")
        url = server.new_database()
    with asyncio.Runner() as runner:
        opened = OpenStore(url, runner)
        yield opened
        opened.close()


@pytest.fixture(scope="session", params=["sqlite-memory", "postgresql"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    url = "sqlite:///:memory:"
    if request.param == "postgresql":
        server: Postgresql = request.getfixturevalue("postgresql")
        url = server.new_database()
    with serving(url) as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[Api]:
    with new_user(sandbox) as user:
        yield user


@pytest.fixture
def other(sandbox: Sandbox) -> Iterator[Api]:
    with new_user(sandbox) as user:
        yield user


@pytest.fixture
def unlinked(sandbox: Sandbox) -> Iterator[Api]:
    with new_user(sandbox, "+unlinked") as user:
        yield user
