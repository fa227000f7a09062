"""Columns that many tables have, and how this house types what databases lack."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_type_hints

from sqlalchemy import BigInteger, Boolean, Column, Dialect, Double, ForeignKey, Integer, String, TypeDecorator

from stations.health import Metrics


class UInt64(TypeDecorator[int]):
    """A SeedLink 4 sequence number, 0 to 2^64 - 1, in a signed 64-bit column."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        return value if value is None or value < 1 << 63 else value - (1 << 64)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:
        return value if value is None or value >= 0 else value + (1 << 64)


def text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, String, primary_key=key, nullable=False)


def time(name: str, *, key: bool = False, needed: bool = True) -> Column[int]:
    return Column(name, BigInteger, primary_key=key, nullable=not needed, autoincrement=False)


def number(name: str, *, needed: bool = True) -> Column[float]:
    return Column(name, Double, nullable=not needed)


def run_key() -> Column[str]:
    return Column("run_id", String, ForeignKey("run.run_id"), primary_key=True)


def place() -> list[Column[Any]]:
    numbers = (number(name) for name in ("latitude_deg", "longitude_deg", "elevation_m"))
    return [*(text(name) for name in ("name", "country", "agency", "contact")), *numbers]


_METRIC_TYPES = {float | None: Double, int | None: Integer, bool | None: Boolean}
METRICS = tuple(field.name for field in fields(Metrics))


def metrics() -> list[Column[Any]]:
    """One column a metric: a wide row is 3-4 times faster to write and 8 times smaller than narrow ones."""
    types = get_type_hints(Metrics)
    return [Column(name, _METRIC_TYPES[types[name]]) for name in METRICS]
