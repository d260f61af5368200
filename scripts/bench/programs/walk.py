"""Print the peak memory, in bytes, of a walk over SESSIONS sessions: walk.py SESSIONS SAMPLE."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path
from typing import Any, Final

PAGE_SIZE: Final = 100


class Server:
    """Respond with pages of sessions that differ by their ids."""

    def __init__(self, sessions: int, sample: dict[str, Any], httpx: Any) -> None:
        self.sessions = sessions
        self.sample = json.dumps(sample["session"] | {"session_id": "<id>"})
        self.httpx = httpx

    def handle(self, request: Any) -> object:
        """Respond with one page."""
        start = int(request.url.params.get("page", 0))
        end = min(start + PAGE_SIZE, self.sessions)
        items = [self.sample.replace("<id>", f"{each:039}") for each in range(start, end)]
        rest = {
            "count": len(items),
            "total_count": self.sessions,
            "next_page": str(end) if end < self.sessions else None,
            "has_next_page": end < self.sessions,
        }
        content = f'{{"sessions": [{", ".join(items)}], {json.dumps(rest)[1:]}'.encode()
        return self.httpx.Response(200, content=content)


def peak() -> int:
    """Read the most memory that this process ever had; getrusage counts its parent's as well."""
    status = Path("/proc/self/status").read_text()
    match = re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    if match is None:
        sys.exit("the kernel does not say how much memory was used")
    return int(match[1]) * 1024


def main(sessions: int, sample: dict[str, Any]) -> None:
    """Walk over all of them without keeping any."""
    httpx = importlib.import_module("httpx")
    heidi = importlib.import_module("heidi_sessions")
    transport = httpx.MockTransport(Server(sessions, sample, httpx).handle)
    client = heidi.Heidi(token="t", http_client=httpx.Client(transport=transport))  # noqa: S106
    seen = sum(1 for _ in client.sessions.list(page_size=PAGE_SIZE))
    if seen != sessions:
        sys.exit(f"the walk gave {seen} of {sessions} sessions")
    print(json.dumps(peak()))


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(Path(sys.argv[2]).read_bytes()))
