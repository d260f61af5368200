"""What is published, module by module; `scripts/steps/site.py` puts it together."""
