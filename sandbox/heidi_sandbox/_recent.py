"""Documents that were read or written lately, so that the database need not be asked again."""

from typing import Final

_MOST: Final = 2048  # documents
_LARGEST: Final = 16 * 1024  # bytes; larger ones are rare, and would need a count of bytes


class Recent:
    """Documents by collection and id, never other than those that the database has committed."""

    def __init__(self) -> None:
        self._documents: dict[tuple[str, str], bytes] = {}
        self._changing: dict[tuple[str, str], bytes | None] = {}
        self._all_change = False

    def get(self, collection: str, id_: str) -> bytes | None:
        """Return a document; None if it is not remembered, or about to change."""
        return self._documents.get((collection, id_))

    def keep(self, collection: str, id_: str, document: bytes) -> None:
        """Remember what was read, unless it is about to change: it may be old or new by now."""
        if (collection, id_) not in self._changing and not self._all_change:
            self._keep((collection, id_), document)

    def change(self, collection: str, id_: str, document: bytes | None) -> None:
        """Say what a document becomes, once the change is settled; None if it is deleted."""
        self._documents.pop((collection, id_), None)
        self._changing[collection, id_] = document

    def change_all(self) -> None:
        """Record that all documents will change."""
        self.clear()
        self._all_change = True

    def settle(self, *, committed: bool) -> None:
        """Say whether a pending change happened; if that is unknown, it did not."""
        for key, document in self._changing.items() if committed else ():
            self._keep(key, document)
        self._changing.clear()
        self._all_change = False

    def clear(self) -> None:
        """Forget every document."""
        self._documents.clear()
        self._changing.clear()

    def _keep(self, key: tuple[str, str], document: bytes | None) -> None:
        if document is None or len(document) > _LARGEST:
            return
        if len(self._documents) >= _MOST:
            self._documents.clear()
        self._documents[key] = document
