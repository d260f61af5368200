"""Documents that were read lately, so that reading one again leaves the database alone."""

import contextlib
from collections.abc import Callable, Generator
from typing import Final

_MOST: Final = 2048  # documents
_LARGEST: Final = 16 * 1024  # bytes; larger ones are rare, and would need a count of bytes


class Recent:
    """Documents by user and session, never older than what the database says.

    One thread looks documents up, another one changes the database. Nothing is kept that was read
    while a change was under way, and what changes is forgotten before anyone can read it.
    """

    def __init__(self) -> None:
        self._documents: dict[tuple[str, str], bytes] = {}
        self._epoch = 0  # odd while a change is under way

    def get(self, user: str, session_id: str, read: Callable[[], bytes | None]) -> bytes | None:
        """Return a document that is remembered, or else what `read` says."""
        key = user, session_id
        document = self._documents.get(key)
        if document is not None:
            return document
        epoch = self._epoch
        document = read()
        if document is None or len(document) > _LARGEST or epoch % 2:
            return document
        if len(self._documents) >= _MOST:
            self._documents.clear()
        self._documents[key] = document
        # Looked at last: a change that begins after this line forgets the document itself.
        if self._epoch != epoch:
            self._documents.pop(key, None)
        return document

    @contextlib.contextmanager
    def changing(self) -> Generator[None, None, None]:
        """Remember nothing that is read while the block runs."""
        self._epoch += 1
        try:
            yield
        finally:
            self._epoch += 1

    def forget(self, user: str, session_id: str) -> None:
        """Forget one document, within `changing` and before its change can be read."""
        self._documents.pop((user, session_id), None)

    def forget_all(self) -> None:
        """Forget every document, in the same way."""
        self._documents.clear()
