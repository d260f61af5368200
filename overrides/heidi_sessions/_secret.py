from __future__ import annotations

import attrs


@attrs.frozen(repr=False)
class Secret:
    """A text that no repr, log or traceback shows; equal to another of the same text."""

    _text: str

    def reveal(self) -> str:
        """Return the text itself: only where it is sent."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled or copied")
