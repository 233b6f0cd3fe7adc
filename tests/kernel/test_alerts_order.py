"""Rows put in the order of their things, and the places of things in a state: by whichever of the ways fits the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haihe.kernel.alerts.columns import Runs
from haihe.kernel.alerts.rows import by_thing, places_in

APART = (40, 1 << 16, (1 << 16) + 1, 1 << 20, (1 << 32) - 1, 1 << 32, 1 << 62)


@pytest.mark.parametrize("apart", APART)
@given(st.data())
def test_rows_come_by_thing_and_within_a_thing_as_they_were(apart: int, data: st.DataObject) -> None:
    first = data.draw(st.sampled_from([-(1 << 61), -7, 0, 1, 1 << 33]))
    among = st.sampled_from([0, 1, 2, apart // 3, apart // 2, apart - 1, apart])
    thing = np.array([first + n for n in data.draw(st.lists(among, max_size=30))], dtype=np.int64)
    assert by_thing(thing).tolist() == np.argsort(thing, kind="stable").tolist()


@given(st.lists(st.integers(1, 6), min_size=1, max_size=30), st.data())
def test_rows_of_things_are_theirs_in_the_order_asked_for(things: list[int], data: st.DataObject) -> None:
    thing = np.sort(np.array(things))
    runs = Runs(thing)
    asked = np.array(data.draw(st.permutations(range(len(runs.starts)))), dtype=np.int64)[
        : data.draw(st.integers(0, 6))
    ]
    expected = [row for number in asked for row in np.flatnonzero(thing == thing[runs.starts][number])]
    assert runs.rows_of(asked).tolist() == expected


@given(st.sets(st.integers(-5, 40)), st.sets(st.integers(-9, 50)), st.booleans())
def test_places_tell_who_is_known_and_where(known: set[int], wanted: set[int], is_same: bool) -> None:
    have = np.array(sorted(known), dtype=np.int64)
    asked = have if is_same else np.array(sorted(wanted), dtype=np.int64)
    place, is_known = places_in(have, asked)
    assert is_known.tolist() == [value in known for value in asked.tolist()]
    assert have[place[is_known]].tolist() == asked[is_known].tolist()
