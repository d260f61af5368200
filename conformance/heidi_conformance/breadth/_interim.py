"""Passes over the answers that come before an answer, such as `103 Early Hints`."""

from collections.abc import Generator
from contextlib import contextmanager
from http.client import SWITCHING_PROTOCOLS, HTTPResponse

from urllib3.connection import HTTPConnection

# More than any server has reason to send: an endless row of them is an answer of its own.
MOST = 20


class FinalResponse(HTTPResponse):
    """The answer after those of RFC 9110, 15.2, of which `http.client` knows `100 Continue` alone.

    Upstream: https://github.com/urllib3/urllib3/pull/3319.
    """

    def begin(self) -> None:
        """Read the head of the answer."""
        super().begin()
        for _ in range(MOST):
            if self.status >= 200 or self.status == SWITCHING_PROTOCOLS:
                return
            # To `http.client`, an answer without headers is one that has not begun.
            self.headers = None  # type: ignore[assignment]  # as it is before the first
            super().begin()


@contextmanager
def interim_answers_passed_over() -> Generator[None]:
    """Let whatever sends through urllib3 see final answers; Schemathesis makes its own sessions."""
    usual = HTTPConnection.response_class
    HTTPConnection.response_class = FinalResponse
    try:
        yield
    finally:
        HTTPConnection.response_class = usual
