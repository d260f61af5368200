from __future__ import annotations

from typing import NoReturn


class Uncopied:
    """Holds connections and secrets, which belong to one object in one process."""

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a client and what it gives out are not pickled or copied: make a client in each "
            "process, and use with_options for other options"
        )
