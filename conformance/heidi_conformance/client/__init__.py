"""Judge a client: a driver runs it, and a proxy stands between it and a server."""
