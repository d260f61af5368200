"""The steps of `make`, in their order: documents, lint, client, check, site, sandbox, version.

Each is a module of this name that also runs alone, as `python -m scripts.steps.lint`.
"""
