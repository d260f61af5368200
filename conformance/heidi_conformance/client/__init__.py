"""Judge a client: a driver runs it, a proxy stands between it and a server, and both are watched."""
