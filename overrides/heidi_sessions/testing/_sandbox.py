from __future__ import annotations

from typing import Protocol


class Sandbox(Protocol):
    """A running sandbox, as the fixture `heidi_sandbox` gives it."""

    @property
    def url(self) -> str:
        """The base URL of the API."""
        ...

    @property
    def api_key(self) -> str:
        """A partner's key, good for every email and id."""
        ...

    def token(self, email: str = ..., third_party_internal_id: str = ...) -> str:
        """Issue a token.

        Args:
            email: names a user, who has sessions of their own; a local part that ends in
                `+unlinked` names one who is linked to no Heidi user.
            third_party_internal_id: the id of the same user in the partner's own system.

        Returns:
            The token, for `Heidi(token=...)`.
        """
        ...
