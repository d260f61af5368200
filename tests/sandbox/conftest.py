from collections.abc import Iterator
from typing import get_args

import pytest
from heidi_sandbox import Sandbox, serving
from heidi_sandbox._server import ServerName

from tests.sandbox.api import Api, new_user


@pytest.fixture(scope="session", params=get_args(ServerName))
def server(request: pytest.FixtureRequest) -> ServerName:
    """What reads and writes HTTP."""
    name: ServerName = request.param
    return name


@pytest.fixture(scope="session", params=["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database that the whole session shares; each user has sessions of their own."""
    return {"sqlite": "sqlite:///:memory:"}[request.param]


@pytest.fixture(scope="session")
def sandbox(server: ServerName, database_url: str) -> Iterator[Sandbox]:
    with serving(database_url, server=server) as running:
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
