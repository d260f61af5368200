"""What holds for all tests."""

import os
import signal

from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is. The examples of `make test` are always the
# same, so that a commit that passed passes again; `make test-long` draws others.
for _profile, _same in (("same", True), ("others", False)):
    settings.register_profile(
        _profile,
        deadline=None,
        derandomize=_same,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile("same")

# A shell starts background programs with Ctrl-C ignored, which they pass on to the programs that
# tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
# nohup does the same with SIGHUP. A handler is not passed on.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)

# What a shell has for a client or a sandbox of its own is not for those of the tests.
_FOR_TESTS = ("HEIDI_REQUIRE_", "HEIDI_DURABILITY_", "HEIDI_CONCURRENT_", "HEIDI_BENCH_")
for _name in [one for one in os.environ if one.startswith("HEIDI_")]:
    if not _name.startswith(_FOR_TESTS):
        del os.environ[_name]
