"""What holds for all tests."""

import signal

# A shell starts what runs in the background deaf to Ctrl-C, and so all that it starts in turn:
# here programs that are interrupted to see what they do.
signal.signal(signal.SIGINT, signal.default_int_handler)
