"""The documents, read once: operations, and the contents of requests and responses."""
