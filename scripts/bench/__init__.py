"""Figures that compare this project with its peers; each is a ratio within one run."""
