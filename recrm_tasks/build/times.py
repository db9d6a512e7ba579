"""Columns of times -> microseconds since 1970, UTC."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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
        DataError: it is not a time.
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
        # Mostly numbers: other texts cannot be read then. (A date of digits alone needs a format.)
        numbers = values.cast(pl.Float64, strict=False)
        values = numbers if 2 * (len(numbers) - numbers.null_count()) > values.count() else values
    if values.dtype.is_numeric():
        scaled = values.cast(pl.Float64) * _UNITS[spec.unit] if values.dtype.is_float() else values.cast(
            pl.Int64, strict=False
        ) * _UNITS[spec.unit]  # fmt: skip
        kept = scaled.is_between(0, _LATEST)
        readable: pl.Series = scaled.set(~kept.fill_null(False), None).cast(pl.Int64)
        return readable
    if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is not None:
        return values.dt.timestamp("us")
    if isinstance(values.dtype, pl.Datetime):
        times = _since_1970(values.cast(pl.Datetime("us")), zone)
    elif values.dtype == pl.String:
        times = _parsed(values, _ISO_FORMS if spec.format is None else (spec.format,), zone)
    else:
        times = pl.repeat(None, len(values), dtype=pl.Int64, eager=True)
    left = times.is_null() & values.is_not_null()
    read = _reader(spec.format, zone)
    return times.scatter(left.arg_true(), [read(value) for value in values.filter(left)]) if left.any() else times


_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S%.3f", "%H:%M:%S%.6f", "%H:%M:%S%:z", "%H:%M:%S%.3f%:z", "%H:%M:%S%.6f%:z")
_ISO_FORMS = ("%Y-%m-%d", *(f"%Y-%m-%d{between}{clock}" for between in "T " for clock in _CLOCKS))
_DIRECTIVES = {
    "%Y": "[12][0-9]{3}",
    "%m": "(?:0[1-9]|1[0-2])",
    "%d": "(?:0[1-9]|[12][0-9]|3[01])",
    "%H": "(?:[01][0-9]|2[0-3])",
    "%M": "[0-5][0-9]",
    "%S": "[0-5][0-9]",
    "%.3f": r"\.[0-9]{3}",
    "%.6f": r"\.[0-9]{6}",
    "%:z": "[+-](?:0[0-9]|1[0-4]):[0-5][0-9]",
}
"""What polars reads as Python does: numbers of fixed width."""


_FRACTIONS = ("%.3f", "%.6f", "%:z")
_COMPLETE = (["%Y", "%d", "%m"], ["%H", "%M", "%Y", "%d", "%m"], ["%H", "%M", "%S", "%Y", "%d", "%m"])
"""The other directives of a form that polars can read, sorted."""


def _parsed(values: pl.Series, forms: Sequence[str], zone: tzinfo) -> pl.Series:
    """The texts that polars reads exactly as `datetime` does; null for all others."""
    times = pl.repeat(None, len(values), dtype=pl.Int64, eager=True)
    for form in forms:
        parts = re.split(r"(%:z|%\.[36]f|%.)", form)
        if sorted(part for part in parts if part.startswith("%") and part not in _FRACTIONS) not in _COMPLETE:
            continue
        pattern = "".join(_DIRECTIVES.get(part, re.escape(part)) for part in parts)
        fits = values.str.contains(f"^{pattern}$").fill_null(False)
        if fits.any():
            found = values.filter(fits).str.to_datetime(form, time_unit="us", strict=False)
            since = found.dt.timestamp("us") if found.dtype.time_zone else _since_1970(found, zone)
            times = times.scatter(fits.arg_true(), since)
    return times


def _since_1970(values: pl.Series, zone: tzinfo) -> pl.Series:
    """Times of a zone; null where its clocks skipped them, and for years in which polars and Python may differ."""
    known = values.is_between(datetime(1970, 1, 2), datetime(2037, 1, 1)).fill_null(False)
    name = "UTC" if zone is timezone.utc else str(zone)
    try:
        local = values.set(~known, None).dt.replace_time_zone(name, ambiguous="earliest", non_existent="null")
    except pl.exceptions.ComputeError:  # a zone that only this machine's Python knows
        return pl.repeat(None, len(values), dtype=pl.Int64, eager=True)
    return local.dt.timestamp("us")


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
