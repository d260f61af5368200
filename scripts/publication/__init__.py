"""What is published, module by module; `scripts/publish.py` puts it together."""
