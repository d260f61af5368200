"""For tests of programs that use heidi_sessions.

`pytest_plugins = ["heidi_sessions.testing.plugin"]` in a conftest.py brings the fixtures
`heidi_mock` and `heidi_sandbox`.
"""

from __future__ import annotations

from heidi_generated import factories as _factories
from heidi_generated.factories import *  # noqa: F403  # pyright: ignore[reportWildcardImportFromLibrary]  # one a resource

from heidi_sessions._http._mock import Received

from ._mock import HeidiMock
from ._sandbox import Sandbox
from ._steps import (
    Step,
    cut_off,
    fails,
    malformed,
    rate_limited,
    refused,
    slow,
    times_out,
    unavailable,
)

__all__ = [
    "HeidiMock",
    "Received",
    "Sandbox",
    "Step",
    "cut_off",
    "fails",
    "malformed",
    "rate_limited",
    "refused",
    "slow",
    "times_out",
    "unavailable",
]
__all__ += _factories.__all__
