"""The distribution: built, looked into, and tried where the source is out of reach."""
