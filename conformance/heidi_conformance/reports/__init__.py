"""A verdict as files: for programs, for build servers, for code hosts and for people."""

from ._files import write_json, write_reports

__all__ = ["write_json", "write_reports"]
