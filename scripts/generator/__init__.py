"""What the step `client` adds to openapi-python-client: what the templates ask, what it refuses."""
