from __future__ import annotations

import math
from typing import Any

from heidi_generated.errors import ConfigurationError
from httpx import Timeout


def as_timeout(value: Any) -> Timeout:
    """Read the option `timeout`.

    Raises:
        ConfigurationError: it is not a number of seconds above 0.
    """
    if isinstance(value, Timeout):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigurationError("timeout: give a number of seconds or an httpx.Timeout")
    if not 0 < value < math.inf:
        raise ConfigurationError("timeout: give more than 0 seconds, and an end")
    return Timeout(value)


__all__ = ["Timeout", "as_timeout"]
