"""The server behind the proxy: a new sandbox, or one at a URL."""

import asyncio
import contextlib
import os
import secrets
import sys
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from heidi_conformance._access import base_url, credential
from heidi_conformance._verdict import CannotJudgeError

if TYPE_CHECKING:
    import httpx

SANDBOX = (sys.executable, "-m", "heidi_sandbox", "serve", "--port", "0")
IN_MEMORY = ("--database-url", "sqlite:///:memory:")
START, STOP = 30.0, 10.0
GREETING = "Heidi sandbox: "


class Upstream:
    """A server that obeys the document. key: what it issues tokens for."""

    def __init__(self, url: str, key: str, client: "httpx.AsyncClient") -> None:
        self.url, self.key = url, key
        self.path = urlsplit(url).path
        self._client = client

    async def send(
        self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes = b""
    ) -> "httpx.Response":
        """Send a request as it is; target: below the base URL. Raises CannotJudgeError."""
        import httpx  # noqa: PLC0415

        url = httpx.URL(self.url).copy_with(
            raw_path=(self.path + target).encode("ascii", "replace")
        )
        try:
            return await self._client.request(method, url, headers=[*headers], content=body)
        except httpx.HTTPError as error:
            raise CannotJudgeError(
                f"{url.netloc.decode()} does not respond to {method} ({type(error).__name__})"
            ) from None


@contextlib.asynccontextmanager
async def server(url: str, key: str) -> AsyncGenerator[Upstream]:
    """Provide the server at a URL, or start a sandbox if there is none.

    Raises CannotJudgeError.
    """
    import httpx  # noqa: PLC0415  # it takes long to import, and not all commands need it

    # No proxy of the environment: what is sent there is sent by the judge.
    async with (
        httpx.AsyncClient(
            timeout=30, trust_env=False, limits=httpx.Limits(max_connections=100)
        ) as client,
        contextlib.AsyncExitStack() as stack,
    ):
        if not url:
            key = secrets.token_urlsafe(24)
            url = await stack.enter_async_context(sandbox(key))
        yield Upstream(base_url(url), credential(key, "HEIDI_API_KEY"), client)


@contextlib.asynccontextmanager
async def sandbox(key: str) -> AsyncGenerator[str]:
    """Run a sandbox in memory. Raises CannotJudgeError."""
    process = await asyncio.create_subprocess_exec(
        *SANDBOX,
        *IN_MEMORY,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HEIDI_SANDBOX_API_KEY": key},
        start_new_session=True,
    )
    try:
        yield await greeted(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.communicate(), STOP)
        except TimeoutError:
            process.kill()
            await process.wait()


async def greeted(process: asyncio.subprocess.Process) -> str:
    """Return the URL that a sandbox greets with."""
    text = b""
    with contextlib.suppress(TimeoutError):
        if process.stdout is not None:
            text = await asyncio.wait_for(process.stdout.readline(), START)
    greeting = text.decode(errors="replace").strip()
    if not greeting.startswith(GREETING):
        raise CannotJudgeError(
            "the sandbox does not start; install heidi-sessions[sandbox], or give --upstream URL"
        )
    return greeting.removeprefix(GREETING)
