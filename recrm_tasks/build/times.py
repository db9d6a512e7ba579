"""Columns of times -> microseconds since 1970, UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from recrm_tasks.build.recipe import TimeSpec
from recrm_tasks.build.source_tables import Table
from recrm_tasks.errors import DataError

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LATEST = 253_402_300_799_000_000
"""The last microseconds that a datetime can hold: larger numbers are of another unit."""
_UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1}


def zone_of(name: str) -> tzinfo:
    """The zone of that name (`Asia/Shanghai`).

    Raises:
        DataError: there is none.
    """
    try:
        return timezone.utc if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DataError(f"zone: there is no time zone {name!r}; a name is of the form Asia/Shanghai") from None


def microseconds(table: Table, spec: str | TimeSpec, zone: tzinfo, where: str) -> pl.Series:
    """A column of times as integers; null where there is none or it cannot be read.

    Args:
        table: has the column.
        spec: the column: numbers since 1970, dates, or texts (ISO 8601, or of the given format).
        zone: of texts and dates without one.
        where: the key in the recipe, for messages.

    Raises:
        DataError: no such column, or not one of its values can be read.
    """
    spec = TimeSpec(column=spec) if isinstance(spec, str) else spec
    values = table.frame[table.column(spec.column, where)]
    times = _read(values, spec, zone)
    if times.null_count() == len(times):
        example = next((v for v in values if v is not None), None)
        raise DataError(
            f"{where}: no value of column {spec.column!r} is a time ({example!r}, for one): give a format, or a unit"
        )
    return times


def instant(text: str, zone: tzinfo, where: str) -> int:
    """One time of a recipe, in ISO 8601, in microseconds since 1970.

    Raises:
        DataError: it is none.
    """
    try:
        return _since(datetime.fromisoformat(text), zone)
    except ValueError:
        raise DataError(f"{where}: not a time: {text!r}; write 2021-03-19 or 2021-03-19T08:00:00") from None


def as_datetime(time: int, zone: tzinfo) -> datetime:
    """The time as templates see it."""
    return (_EPOCH + timedelta(microseconds=time)).astimezone(zone)


def _read(values: pl.Series, spec: TimeSpec, zone: tzinfo) -> pl.Series:
    if values.dtype == pl.String and spec.format is None:
        # Mostly numbers: then what is none cannot be read. (A date of digits alone needs a format.)
        numbers = values.cast(pl.Float64, strict=False)
        values = numbers if 2 * (len(numbers) - numbers.null_count()) > values.count() else values
    if values.dtype.is_numeric():
        scaled = values.cast(pl.Float64) * _UNITS[spec.unit] if values.dtype.is_float() else values.cast(
            pl.Int64, strict=False
        ) * _UNITS[spec.unit]  # fmt: skip
        kept = scaled.is_between(0, _LATEST)
        readable: pl.Series = scaled.set(~kept.fill_null(False), None).cast(pl.Int64)
        return readable
    read = _reader(spec.format, zone)
    return pl.Series("time", [None if value is None else read(value) for value in values], pl.Int64)


def _reader(form: str | None, zone: tzinfo) -> Callable[[object], int | None]:
    def read(value: object) -> int | None:
        try:
            if isinstance(value, datetime):
                return _since(value, zone)
            text = str(value)
            if form is not None:
                return _since(datetime.strptime(text, form), zone)
            # Python 3.10 does not know the Z of ISO 8601.
            return _since(datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text), zone)
        except (ValueError, OverflowError):
            return None

    return read


def _since(when: datetime, zone: tzinfo) -> int:
    aware = when if when.tzinfo else when.replace(tzinfo=zone)
    return (aware - _EPOCH) // timedelta(microseconds=1)
