"""What an owner does: one edit of openapi/openapi.yaml, and everything follows."""
