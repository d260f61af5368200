import contextlib
import os
from collections.abc import Generator, Iterator

import pytest
from heidi_sandbox import Sandbox, serving

from scripts.bench.postgresql import REQUIRED, NoPostgresqlError, Postgresql, running_postgresql
from tests.sandbox.api import Api, new_user
from tests.sandbox.stores import OpenStore, opened


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


@contextlib.contextmanager
def empty_database(kind: str, request: pytest.FixtureRequest) -> Generator[str]:
    """Lend the URL of a database."""
    if kind == "postgresql":
        server: Postgresql = request.getfixturevalue("postgresql")
        with server.database() as url:
            yield url
    elif kind == "sqlite":
        yield f"sqlite:///{request.getfixturevalue('tmp_path')}/x.db"
    else:
        yield "sqlite:///:memory:"


@pytest.fixture(params=["sqlite", "postgresql"])
def kept_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database that outlives its process."""
    with empty_database(request.param, request) as url:
        yield url


@pytest.fixture(params=["sqlite", "sqlite-memory", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[OpenStore]:
    """An empty store."""
    with empty_database(request.param, request) as url, opened(url) as one:
        yield one


@pytest.fixture(scope="session", params=["sqlite-memory", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database that many tests share; each user has sessions of their own."""
    with empty_database(request.param, request) as url:
        yield url


@pytest.fixture(scope="session")
def sandbox(database_url: str) -> Iterator[Sandbox]:
    with serving(database_url) as running:
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
