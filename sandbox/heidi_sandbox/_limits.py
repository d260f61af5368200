"""What the server grants to one caller, so that there is something left for the next."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of a connection, beside the size of a body, which the API itself sets.

    head: bytes of a request's line and headers, up to twice as many where they come at once; 100
        headers at most.
    head_time: seconds that a connection may wait for a request, and a request for its last header.
    body_time: seconds from the last header to the last byte of the body.
    send_time: seconds that an answer may lie unread; where the system knows TCP_USER_TIMEOUT.
    connections: how many there may be at once. Further ones wait.
    """

    head: int = 64 * 1024
    # Longer than clients keep idle connections, so that it is they who close.
    head_time: float = 75
    body_time: float = 60
    send_time: float = 60
    connections: int = 512
