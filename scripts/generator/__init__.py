"""Our additions to openapi-python-client: functions for its templates, and refusals."""
