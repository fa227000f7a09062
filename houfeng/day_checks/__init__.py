"""What a day of samples says of every channel, made from the archive day by day."""

from houfeng.day_checks.job import DayChecks

__all__ = ["DayChecks"]
