"""Judge a client: a driver runs it, and a proxy is between it and a server."""
