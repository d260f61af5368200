"""What holds for all tests."""

import signal

from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# A shell starts what runs in the background deaf to Ctrl-C, and so all that it starts in turn:
# here programs that are interrupted to see what they do.
signal.signal(signal.SIGINT, signal.default_int_handler)
