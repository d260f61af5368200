"""One run against one server: what is sent, as whom, and within which limits."""
