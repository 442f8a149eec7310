"""All of this holds on both logs."""

from tests.both_logs import where_the_log_is

__all__ = ["where_the_log_is"]
