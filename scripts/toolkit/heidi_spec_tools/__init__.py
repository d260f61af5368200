"""Tools for OpenAPI 3.1 documents: apply overlays, replace references, compare versions.

Needs the extra heidi-sessions[spec]. The command `heidi-spec` is public; the modules may change.
"""
