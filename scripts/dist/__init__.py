"""The distribution: built, checked, and tried without the source."""
