"""Fields of a profile: dates, depths and units as files write them, there and back."""

import datetime as dt
import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.dates import span
from ingest.depths import depths
from ingest.numbers import Marks
from ingest.profile import FromColumn, Specimen
from ingest.readers.base import text_batch
from ingest.scales import scale_to
from ingest.sheet import Sheet
from ingest.specimens import NUMBERS

DAYS = ("%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%d %b %Y", "%Y-%m-%d", "%y-%m-%d")
TIMES = ("", " 10:30", " 10:30:59", "T10:30:00Z", " 1:05 PM", "T23:59:59.123+02:00")
days = st.dates(dt.date(1970, 1, 1), dt.date(2060, 1, 1))


@given(day=days, written=st.sampled_from(DAYS), time=st.sampled_from(TIMES))
def test_days_in_any_format_with_or_without_a_time(day: dt.date, written: str, time: str) -> None:
    assert span(day.strftime(written) + time, written) == (day, day)


@given(day=days, other=days)
def test_iso_dates_months_years_and_intervals(day: dt.date, other: dt.date) -> None:
    first, last = sorted((day, other))
    assert span(day.isoformat(), "%d.%m.%Y") == (day, day)
    assert span(f"{first.isoformat()}T00:00:00Z/{last.isoformat()}T00:00:00Z", None) == (first, last)
    month = span(f"{day:%Y-%m}", None)
    assert month is not None
    assert month[0].day == 1
    assert (month[1] + dt.timedelta(days=1)).day == 1
    assert span(f"{day:%Y}", None) == (dt.date(day.year, 1, 1), dt.date(day.year, 12, 31))


@pytest.mark.parametrize("text", ["2019-02-30", "2019-13", "19-1-1", "spring", "1/2", "2019-01-01/soon", "43952"])
def test_what_is_no_date(text: str) -> None:
    assert span(text, "%d.%m.%Y") is None


@given(
    upper=st.integers(0, 300),
    thickness=st.integers(1, 200),
    dash=st.sampled_from(["-", " - ", "–", " to ", "—", " bis "]),
    unit=st.sampled_from(["", " cm", "cm", " m", " in", " mm"]),
)
def test_ranges_of_depths(upper: int, thickness: int, dash: str, unit: str) -> None:
    factor = {"m": 100.0, "in": 2.54, "mm": 0.1}.get(unit.strip(), 1.0)
    read = depths(f"{upper}{dash}{upper + thickness}{unit}", "cm", Marks())
    assert read == pytest.approx((upper * factor, (upper + thickness) * factor))


@pytest.mark.parametrize("text", ["topsoil", "0-20 kg", "0-20-40", "", "-"])
def test_what_is_no_depth(text: str) -> None:
    assert depths(text, "cm", Marks()) is None


UNITS = {
    "upper_depth_cm": {"m": 100, "ft": 30.48, "in": 2.54, "mm": 0.1, "Meter": 100},
    "toc_percent": {"g/kg": 0.1, "g kg-1": 0.1, "mg/kg": 1e-4, "%": 1},
    "sieve_fraction_mm": {"µm": 0.001, "um": 0.001, "cm": 10},
    "support_m2": {"ha": 10_000, "m²": 1, "km**2": 1e6},
}


@pytest.mark.parametrize(("field", "unit"), [(field, unit) for field, units in UNITS.items() for unit in units])
def test_units_of_fields(field: str, unit: str) -> None:
    assert math.isclose(scale_to(field, unit), UNITS[field][unit], rel_tol=1e-12)


@pytest.mark.parametrize(("field", "unit"), [("upper_depth_cm", "kg"), ("ph", "m"), ("toc_percent", "cm"), ("ph", "")])
def test_units_of_another_kind_are_refused(field: str, unit: str) -> None:
    with pytest.raises(ValueError, match=r"unit"):
        scale_to(field, unit)


def test_units_in_a_column_and_fields_of_several_columns() -> None:
    headings = ("depth", "unit", "year", "month", "day")
    rows = [("1", "ft", "2020", "3", "1"), ("2", "m", "2020", "12", "31"), ("3", "kg", "2020", "13", "1")]
    sheet = Sheet(text_batch(headings, list(enumerate(rows, start=2))), Marks())
    given_depth = FromColumn(column="depth", unit_column="unit")
    assert sheet.number(given_depth, field="upper_depth_cm").tolist()[:2] == pytest.approx([30.48, 200])
    first, _ = sheet.days(FromColumn(column="year", also=("month", "day"), format="%Y %m %d"))
    assert first == pa.array([dt.date(2020, 3, 1), dt.date(2020, 12, 31), None])
    assert sorted(finding.rule.name for finding in sheet.findings) == ["not-a-date", "unit-not-convertible"]


def test_every_number_of_a_specimen_is_a_field_of_the_profile() -> None:
    assert set(NUMBERS) <= set(Specimen.model_fields)
