"""Values for every message of the tables, made from the tables: what a field may hold, its kind says."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from haihe.packs.transport.jt808 import fields as kinds
from haihe.packs.transport.jt808.active_safety import AlarmIdentifier
from haihe.packs.transport.jt808.fields import Field
from haihe.packs.transport.jt808.location import Batch, LocationBasic, LocationBody
from haihe.packs.transport.jt808.parameters import PARAMETERS, Parameters

WORDS = st.text("津门A1桥Z9", max_size=5)
TIMES = st.datetimes(min_value=kinds.datetime(2000, 1, 1), max_value=kinds.datetime(2099, 12, 31)).map(
    lambda at: at.strftime("%Y-%m-%dT%H:%M:%S+08:00")
)
DAILY = st.times().map(lambda at: at.strftime("%H:%M:%S"))
HEX = st.binary(max_size=12).map(bytes.hex)
LOCATION = st.fixed_dictionaries(
    {
        "alarm_bits": st.integers(0, 2**32 - 1), "status_bits": st.just(3), "longitude_deg": st.integers(0, 180_000_000).map(lambda n: n / 1e6),
        "latitude_deg": st.integers(0, 90_000_000).map(lambda n: n / 1e6), "altitude_m": st.integers(0, 9000),
        "speed_kmh": st.integers(0, 2000).map(lambda n: n / 10), "heading_deg": st.integers(0, 359), "time": TIMES,
    }
)  # fmt: skip
PARAMETER = st.sampled_from(sorted(PARAMETERS)).flatmap(
    lambda number: st.fixed_dictionaries({"id": st.just(f"0x{number:04X}"), "value": of_kind(PARAMETERS[number][0])})
)


def of_kind(kind: Any) -> st.SearchStrategy[Any]:
    """Values that a kind of field writes and reads back unchanged."""
    match kind:
        case kinds.Number():
            numbers = st.integers(0, 256**kind.size - 1)
            return numbers if kind.divisor == 1 else numbers.map(lambda sent: sent / kind.divisor)
        case kinds.Identifier():
            return st.integers(0, 256**kind.size - 1).map(lambda number: f"0x{number:0{2 * kind.size}X}")
        case kinds.Octets():
            return HEX if kind.size is None else st.binary(min_size=kind.size, max_size=kind.size).map(bytes.hex)
        case kinds.CountedOctets():
            return HEX
        case kinds.Text():
            return WORDS.map(lambda text: text[: (kind.size or 40) // 2])
        case kinds.CountedText():
            return WORDS
        case kinds.Time():
            return st.one_of(TIMES, st.none()) if kind.or_none else TIMES
        case kinds.TimeOrDaily():
            return st.one_of(TIMES, DAILY)
        case kinds.Repeated():
            return st.lists(of_fields(kind.fields), max_size=3)
        case AlarmIdentifier():
            return of_fields(kind.rows(kind.size or kind.SHORT))
        case LocationBasic() | LocationBody():
            return LOCATION
        case Batch():
            return st.lists(LOCATION, max_size=3)
        case Parameters():
            return st.lists(PARAMETER, max_size=4)
    raise AssertionError(f"no values for {kind}")


@st.composite
def of_fields(draw: st.DrawFn, fields: tuple[Field, ...]) -> dict[str, Any]:
    """Values of a table; a row that the rows before it switch off is left out, and optional ones may end it early."""
    values: dict[str, Any] = {}
    for row in fields:
        if isinstance(row.kind, kinds.Count) or (row.when is not None and not row.when(values)):
            continue
        if row.optional and draw(st.booleans()):
            break
        value = draw(of_kind(row.kind))
        values |= value if isinstance(row.kind, LocationBody) else {row.name: value}
    return values
