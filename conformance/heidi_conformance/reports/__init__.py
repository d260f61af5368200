"""A verdict as files: for programs, for build servers, for code hosts and for people."""

from ._files import write_json, write_reports
from ._sentences import sentence

__all__ = ["sentence", "write_json", "write_reports"]
