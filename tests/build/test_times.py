"""Times of tables: the same as `datetime` reads one by one, whichever of polars and Python reads them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.build import times as times_module
from recrm_tasks.build.recipe import TimeSpec
from recrm_tasks.build.source_tables import Table
from recrm_tasks.build.times import microseconds, zone_of
from recrm_tasks.errors import DataError

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
ZONES = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
FORMS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f",
    "%d.%m.%Y %H:%M:%S", "%m/%d/%y", "%Y年%m月%d日 %H:%M", "%b %d %Y", "%H:%M %d/%m/%Y", "%Y-%m-%d %I:%M %p",
    "%d/%m/%Y", "%Y%m%d %H",
)  # fmt: skip
ODD = st.sampled_from(
    [
        "2021-3-9",
        "2021-02-30",
        "2021-01-01T24:00:00",
        "2021-01-01 12:00:60",
        "0000-01-01",
        "9999-12-31T23:59:59",
        "2021-03-28 02:30:00",
        "2021-10-31 02:30:00",
        "1969-12-31 23:59:59",
        "1900-01-01",
        "2021-01-01t10:00:00",
        " 2021-01-01",
        "2021-01-01T10:00:00Z",
        "2021-01-01T10:00:00+08:00",
        "2021-01-01T10:00:00.5+08:00",
        "2021-01-01T10:00:00-00:30",
        "2021-01-01T10:00:00.123+05:30",
        "2021-01-01T10:00:00+23:59",
        "2021-01-01T10",
        "2021-W01-1",
        "+2021-01-01",
        "2021-01-01T10:00:00.1234567",
        "2021-01-01\n",
        "２０２１-01-01",
        "soon",
        "",
        "2038-01-19 03:14:08",
        "2100-07-01 12:00:00",
    ]
)


def one_by_one(text, form, zone):
    """A time as the standard library reads it."""
    try:
        if form is None:
            when = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
        else:
            when = datetime.strptime(text, form)
        return ((when if when.tzinfo else when.replace(tzinfo=zone)) - EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None


def read(values, zone, form=None, kind=None):
    """A column's times; None for each where none can be read."""
    table = Table("t", pl.DataFrame({"at": pl.Series(values, dtype=kind)}), frozenset())
    try:
        return microseconds(table, TimeSpec(column="at", format=form), zone, "here").to_list()
    except DataError:
        return [None] * len(values)


MOMENTS = st.datetimes(datetime(1890, 1, 1), datetime(2150, 1, 1)) | st.datetimes(
    datetime(2021, 3, 27), datetime(2021, 11, 8)
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(MOMENTS, st.sampled_from(FORMS)), min_size=1, max_size=6),
    st.lists(ODD, max_size=3),
    st.sampled_from([None, *FORMS]),
    st.sampled_from(ZONES),
)
def test_texts_are_read_as_the_standard_library_reads_them(moments, odd, form, name):
    zone = zone_of(name)
    texts = [None, *(moment.strftime(own if form is None else form) for moment, own in moments), *odd, "a text"]
    expected = [None if text is None else one_by_one(text, form, zone) for text in texts]
    assert read(texts, zone, form) == expected


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.none() | MOMENTS, min_size=1, max_size=6), st.sampled_from(ZONES))
def test_columns_of_times_and_dates(moments, name):
    zone = zone_of(name)
    expected = [None if m is None else (m.replace(tzinfo=zone) - EPOCH) // timedelta(microseconds=1) for m in moments]
    assert read(moments, zone, kind=pl.Datetime("us")) == expected
    days = [None if m is None else m.date() for m in moments]
    midnights = [None if d is None else datetime(d.year, d.month, d.day, tzinfo=zone) for d in days]
    expected = [None if m is None else (m - EPOCH) // timedelta(microseconds=1) for m in midnights]
    assert read(days, zone, kind=pl.Date) == expected
    aware = [None if m is None else m.replace(tzinfo=timezone.utc) for m in moments]
    expected = [None if m is None else (m - EPOCH) // timedelta(microseconds=1) for m in aware]
    assert read(aware, zone, kind=pl.Datetime("us", "UTC")) == expected


@pytest.mark.parametrize("form", [None, "%d.%m.%Y %H:%M"])
def test_common_forms_are_read_by_polars(monkeypatch, form):
    monkeypatch.setattr(times_module, "_reader", lambda *_: None)
    moment = datetime(2021, 3, 19, 8, 30)
    text = moment.strftime(form or "%Y-%m-%d %H:%M:%S")
    zone = ZoneInfo("Europe/Berlin")
    assert read([text] * 2, zone, form) == [(moment.replace(tzinfo=zone) - EPOCH) // timedelta(microseconds=1)] * 2


def test_dates_alone_are_midnight():
    assert read([date(1970, 1, 2)], timezone.utc, kind=pl.Date) == [86_400_000_000]


class OwnZone(tzinfo):
    """A zone of a name that polars does not know, an hour ahead of UTC."""

    def __str__(self):
        return "Own/Zone"

    def utcoffset(self, _when):
        return timedelta(hours=1)


def test_zones_that_polars_does_not_know():
    assert read(["1970-01-03 01:00:00"] * 2, OwnZone()) == [2 * 86_400_000_000] * 2
