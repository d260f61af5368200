"""Documents that were read lately, so that reading one again leaves the database alone."""

from typing import Final

_MOST: Final = 2048  # documents
_LARGEST: Final = 16 * 1024  # bytes; larger ones are rare, and would need a count of bytes


class Recent:
    """Documents by user and session, never older than what the database says."""

    def __init__(self) -> None:
        self._documents: dict[tuple[str, str], bytes] = {}
        self._changing: set[tuple[str, str]] = set()

    def get(self, user: str, session_id: str) -> bytes | None:
        """Return a document, None where it is not remembered."""
        return self._documents.get((user, session_id))

    def keep(self, user: str, session_id: str, document: bytes) -> None:
        """Remember what was read, unless it is about to change: it may be old or new by now."""
        key = user, session_id
        if key in self._changing or len(document) > _LARGEST:
            return
        if len(self._documents) >= _MOST:
            self._documents.clear()
        self._documents[key] = document

    def change(self, user: str, session_id: str) -> None:
        """Forget a document until `settle`: from now on someone may read what it becomes."""
        self._documents.pop((user, session_id), None)
        self._changing.add((user, session_id))

    def settle(self) -> None:
        """What was about to change has changed, or never will."""
        self._changing.clear()

    def clear(self) -> None:
        """Forget every document."""
        self._documents.clear()
