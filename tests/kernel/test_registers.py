"""Registers: what a field takes, who may do what, four eyes, two officers at one entry, and numbers of any past instant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone, translation

from haihe.kernel.audit import AuditRecord
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from haihe.kernel.evidence import EvidenceFile, receive
from haihe.kernel.indicators import MEASURES, OFFERED, IndicatorValue, Offered, measure_now
from haihe.kernel.notices import own_notices
from haihe.kernel.organisations import Organisation, Succession
from haihe.kernel.permissions import visible
from haihe.kernel.registers import (
    COUNTS,
    REGISTERS,
    REVIEWER,
    Count,
    EntryEvent,
    Field,
    Register,
    RegisterEntry,
    State,
    Step,
    change_entry,
    hand_in,
    in_states,
    may_change,
    may_review,
    offer_count,
    open_entry,
    review,
    steps_for,
    take_back,
    withdraw_entry,
)
from haihe.kernel.registers.demo import days_ago
from haihe.kernel.registers.models import entry_at
from haihe.kernel.search import search_kind

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)


@pytest.fixture
def wells() -> Iterator[type[Register]]:
    """A register of no pack: listed → checked (handed in, with a file) → model (by the reviewer alone)."""

    class Wells(Register):
        key, prefix, title_zh, title_en = "test_wells", "TJ", "井盖", "Manholes"
        fields = (
            Field("name", "名称", "Name", required=True),
            Field("depth_m", "井深", "Depth", type="number", unit="m", minimum=0, maximum=30),
            Field(
                "kind", "类别", "Kind", type="choice", choices=(("rain", "雨水", "Rain"), ("sewer", "污水", "Sewer"))
            ),
            Field("built", "建成日期", "Built on", type="date"),
            Field("score", "核验评分", "Score", type="number", minimum=0, maximum=100, by_reviewer=True),
        )
        states = (State("listed", "在册", "Listed"), State("checked", "已核", "Checked", counts=True), State("model", "样板", "Model", counts=True))  # fmt: skip
        steps = (
            Step("check", "报请核验", "Hand in", ("listed",), "checked", demands=("depth_m", "score"), evidence="file"),
            Step("mark", "认定样板", "Mark", ("checked",), "model", by=REVIEWER),
        )
        natural_key = ("name",)

    yield Wells
    del REGISTERS["test_wells"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The time of day, moved by hand: `clock.now += timedelta(days=1)`."""
    hand = SimpleNamespace(now=NOW)
    monkeypatch.setattr(timezone, "now", lambda: hand.now)
    return hand


@pytest.fixture
def people(district: SimpleNamespace, account_with) -> SimpleNamespace:
    return SimpleNamespace(
        town=account_with("officer", district.town), town2=account_with("officer", district.town), data=account_with("officer", district.data),
        city=account_with("officer", district.city), supervisor=account_with("supervisor", district.government), viewer=account_with("viewer"),
    )  # fmt: skip


def photo(account) -> list[EvidenceFile]:
    return [receive("照片.png", [b"\x89PNG\r\n\x1a\n" + b"0" * 32], account)]


def make(people, district, **values: Any) -> RegisterEntry:
    given = {"name": "一号井", "depth_m": 3, **values}
    return open_entry(
        people.town, None, register="test_wells", owner=district.town, reviewer=district.data, values=given
    )


def handed_in(people, entry: RegisterEntry) -> RegisterEntry:
    return hand_in(people.town, entry, version=entry.version, step="check", text="已测量", evidence=photo(people.town))


def accepted(people, entry: RegisterEntry, score: Any = 90) -> RegisterEntry:
    return review(people.data, entry, version=entry.version, accept=True, values={"score": score})


def test_the_whole_way_of_an_entry(clock, wells, people, district) -> None:
    entry = make(people, district)
    assert (entry.number, entry.state, entry.version, entry.title) == ("TJ-2026-0001", "listed", 1, "一号井")
    entry = handed_in(people, entry)
    assert (entry.state, entry.pending) == ("listed", "check"), "what was handed in takes effect only when reviewed"
    assert own_notices(people.data).count() == 1
    entry = accepted(people, entry)
    assert (entry.state, entry.pending, entry.values["score"]) == ("checked", "", "90")
    entry = hand_in(people.data, entry, version=entry.version, step="mark")
    assert entry.state == "model" and own_notices(people.town).count() == 2
    kinds = [(e.kind, e.step, e.state) for e in entry.events.all()]
    assert kinds == [("opened", "", "listed"), ("handed_in", "check", "listed"), ("accepted", "check", "checked"), ("taken", "mark", "model")]  # fmt: skip
    audited = AuditRecord.objects.filter(object_type="kernel.registerentry").values_list("action", flat=True)
    assert list(audited) == ["entry.open", "entry.step", "entry.review", "entry.step"]


@pytest.mark.parametrize(
    ("key", "written"),
    [("depth_m", "三"), ("depth_m", "31"), ("depth_m", "-1"), ("depth_m", "1e400"), ("depth_m", "NaN"), ("kind", "gas"), ("built", "2026-02-30"), ("name", "井" * 301), ("score", 5), ("colour", "red"), ("name", " ")],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused_by_the_name_of_its_field(wells, people, district, key, written) -> None:
    with pytest.raises(InvalidInput) as caught:
        make(people, district, **{key: written})
    assert caught.value.where == key and caught.value.zh and not RegisterEntry.objects.exists()


def test_values_are_stored_exactly_and_read_as_people_write_them(wells, people, district) -> None:
    entry = make(people, district, depth_m="１2.50", kind="rain", built="2026-01-31")
    assert entry.values == {"name": "一号井", "depth_m": "12.5", "kind": "rain", "built": "2026-01-31"}
    assert [value for _, value, _ in entry.labelled()] == ["一号井", "12.5 m", "雨水", "2026-01-31", ""]


def test_one_natural_key_is_one_entry_until_it_is_withdrawn(wells, people, district) -> None:
    first = make(people, district)
    with pytest.raises(Conflict, match=first.number):
        make(people, district, name="一 号井")
    withdraw_entry(people.town, first, version=1, reason="重复")
    assert make(people, district).number != first.number


def test_what_a_step_demands_is_named(wells, people, district) -> None:
    entry = make(people, district, depth_m=None)
    for given, where in (({"text": ""}, "text"), ({"text": "好"}, "files"), ({"text": "好", "evidence": photo(people.town)}, "depth_m")):  # fmt: skip
        with pytest.raises(InvalidInput) as caught:
            hand_in(people.town, entry, version=1, step="check", **given)
        assert caught.value.where == where
    entry = handed_in(people, change_entry(people.town, entry, version=1, values={"depth_m": 2}))
    with pytest.raises(InvalidInput) as caught:
        review(people.data, entry, version=entry.version, accept=True)
    assert caught.value.where == "score", "the reviewer's own field is demanded of the reviewer"
    with pytest.raises(InvalidInput):
        review(people.data, entry, version=entry.version, accept=False, text=" ")


def test_nobody_reviews_their_own_work_or_that_of_their_own_unit(wells, people, district, account_with) -> None:
    """A colleague in the owner's unit who is also reviewer may not; a bureau above may; the one who handed in may not as supervisor."""
    entry = handed_in(people, make(people, district))
    own = account_with("supervisor", district.town)
    above = account_with("officer", district.government)
    for account in (people.town, people.town2, own, people.city, people.viewer):
        assert not may_review(account, entry)
        with pytest.raises(NotAllowed):
            review(account, entry, version=2, accept=True, values={"score": 1})
    assert may_review(people.data, entry) and may_review(people.supervisor, entry) and may_review(above, entry)
    RegisterEntry.objects.filter(pk=entry.pk).update(handed_in_by=people.supervisor)
    entry.refresh_from_db()
    assert not may_review(people.supervisor, entry)


def test_a_bureau_that_reviews_its_own_entry_leaves_it_to_a_supervisor(wells, people, district) -> None:
    entry = open_entry(people.data, None, register="test_wells", owner=district.data, reviewer=district.data, values={"name": "甲", "depth_m": 1})  # fmt: skip
    entry = hand_in(people.data, entry, version=1, step="check", text="好", evidence=photo(people.data))
    assert not may_review(people.data, entry) and may_review(people.supervisor, entry)


def test_only_the_owner_changes_and_hands_in(wells, people, district) -> None:
    entry = make(people, district)
    for account in (people.data, people.city, people.viewer, people.supervisor):
        assert not may_change(account, entry) and steps_for(account, entry) == []
        with pytest.raises(NotAllowed):
            change_entry(account, entry, version=1, values={"depth_m": 2})
        with pytest.raises(NotAllowed):
            hand_in(account, entry, version=1, step="check", text="x")
    with pytest.raises(NotAllowed):
        open_entry(people.town, None, register="test_wells", owner=district.city, values={"name": "乙"})


def test_two_officers_at_one_entry_lose_nothing(wells, people, district) -> None:
    """The second one is told who changed what; sending the changed field again with the new version keeps both."""
    entry = make(people, district)
    change_entry(people.town, entry, version=1, values={"depth_m": 5})
    with pytest.raises(Conflict) as caught:
        change_entry(people.town2, entry, version=1, values={"kind": "sewer"})
    assert people.town.display_name in caught.value.zh and "井深" in caught.value.zh and caught.value.to_do_zh
    assert people.town.display_name in caught.value.en and "Depth" in caught.value.en
    entry = change_entry(people.town2, entry, version=2, values={"kind": "sewer"})
    assert (entry.values["depth_m"], entry.values["kind"], entry.version) == ("5", "sewer", 3)


@pytest.mark.parametrize("act", ["step", "review", "take_back", "withdraw"])
def test_every_step_says_which_version_it_saw(wells, people, district, act) -> None:
    entry = make(people, district)
    old = entry.version
    entry = handed_in(people, entry)
    with pytest.raises(Conflict, match="changed it first"):
        {
            "step": lambda: hand_in(people.town, entry, version=old, step="check", text="x"),
            "review": lambda: review(people.data, entry, version=old, accept=True),
            "take_back": lambda: take_back(people.town, entry, version=old),
            "withdraw": lambda: withdraw_entry(people.town, entry, version=old, reason="x"),
        }[act]()
    assert entry.events.count() == 2


def test_what_waits_is_changed_only_after_it_was_taken_back(wells, people, district) -> None:
    entry = handed_in(people, make(people, district))
    with pytest.raises(Conflict, match="waits for review"):
        change_entry(people.town, entry, version=2, values={"depth_m": 9})
    entry = take_back(people.town, entry, version=2)
    assert change_entry(people.town, entry, version=3, values={"depth_m": 9}).values["depth_m"] == "9"


def test_values_that_count_change_only_with_a_reviewer(wells, people, district) -> None:
    entry = accepted(people, handed_in(people, make(people, district)))
    with pytest.raises(InvalidInput):
        change_entry(people.town, entry, version=3, values={"depth_m": 9})
    entry = change_entry(people.town, entry, version=3, values={"depth_m": 9}, text="量错了")
    assert (entry.values["depth_m"], entry.pending) == ("3", "change") and entry.events.last().changes == {"depth_m": ["3", "9"]}  # fmt: skip
    back = review(people.data, entry, version=4, accept=False, text="请附测量单")
    assert (back.values["depth_m"], back.pending, back.state) == ("3", "", "checked")
    entry = change_entry(people.town, back, version=5, values={"depth_m": 9}, text="附单")
    assert review(people.data, entry, version=6, accept=True).values["depth_m"] == "9"


def test_an_entry_of_a_past_instant_is_computed_from_its_history(clock, wells, people, district) -> None:
    """Registered on day 0, checked on day 2, deeper on day 4, withdrawn on day 6: each day answers as it did on that day."""
    total = Count("test_wells", lambda known, day: [(s, s.number("depth_m")) for s in known if s.state == "checked"])
    answered = {}

    def day(number: int) -> datetime:
        return NOW + timedelta(days=number)

    def then(number: int) -> None:
        answered[number] = total.value_at(day(number))
        clock.now = day(number + 1)

    then(-1)
    entry = make(people, district)
    then(0), then(1)
    entry = accepted(people, handed_in(people, entry))
    then(2), then(3)
    entry = change_entry(people.town, entry, version=3, values={"depth_m": 8}, text="加深")
    entry = review(people.data, entry, version=4, accept=True)
    then(4), then(5)
    withdraw_entry(people.town, entry, version=5, reason="填埋")
    then(6)
    assert answered == {-1: None, 0: 0, 1: 0, 2: 3, 3: 3, 4: 8, 5: 8, 6: 0}, (
        "nothing is known before the first entry; after the last has gone it is nothing"
    )
    assert {n: total.value_at(day(n)) for n in answered} == answered
    row = total.rows_at(day(5))[0]
    assert (row.value, row.evidence, row.since, row.link) == (8, 1, day(2), f"/registers/entries/{entry.pk}/")
    assert entry_at(entry, day(3)).values["depth_m"] == "3" and entry_at(entry, day(-1)) is None


def test_the_history_is_written_once(wells, people, district) -> None:
    entry = make(people, district)
    for attempt in (
        lambda: EntryEvent.objects.update(text="x"),
        lambda: EntryEvent.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    assert entry.events.count() == 1


def test_owner_reviewer_supervisor_and_viewer_see_an_entry_and_its_files(wells, people, district) -> None:
    entry = handed_in(people, make(people, district))
    for account, sees in ((people.town, True), (people.data, True), (people.supervisor, True), (people.viewer, True), (people.city, False)):  # fmt: skip
        assert visible(account, RegisterEntry.objects.all()).exists() is sees
        assert visible(account, EvidenceFile.objects.all()).exists() is sees
        assert visible(account, entry.events.all()).exists() is sees
    assert not visible(None, RegisterEntry.objects.all()).exists()


def test_entries_of_a_unit_dissolved_mid_year_count_on_and_pass_to_its_successor(
    wells, people, district, account_with
) -> None:
    count = Count("test_wells", in_states("checked", "model"))
    entry = accepted(people, handed_in(people, make(people, district)))
    heir = Organisation.objects.create(
        name="新柳镇人民政府", short_name="新柳镇", kind="town", parent=district.government
    )
    district.town.until = timezone.localdate()
    district.town.save()
    assert "（已撤销）" in count.rows_at(timezone.now())[0].unit
    Succession.objects.create(predecessor=district.town, successor=heir, on=date(2020, 1, 1), source="test")
    new = account_with("officer", heir)
    assert count.value_at(timezone.now()) == 1 and "（已由新柳镇承接）" in count.rows_at(timezone.now())[0].unit
    assert visible(new, RegisterEntry.objects.all()).get() == entry and may_change(new, entry)
    entry = change_entry(new, entry, version=3, values={"depth_m": 4}, text="复测")
    assert review(people.data, entry, version=4, accept=True).values["depth_m"] == "4"
    assert own_notices(new).exists(), "the successor is told"


def test_nobody_of_the_successor_reviews_what_it_took_over(wells, people, district, account_with) -> None:
    """The reviewing bureau became the owner's successor: its officers would review their own unit's entry."""
    entry = handed_in(people, make(people, district))
    Succession.objects.create(predecessor=district.town, successor=district.data, on=date(2020, 1, 1), source="test")
    assert not may_review(people.data, entry) and may_review(people.supervisor, entry)


def test_an_entry_stays_readable_without_its_pack(wells, people, district) -> None:
    entry = make(people, district, kind="rain")
    REGISTERS.pop("test_wells")
    try:
        entry.refresh_from_db()
        assert (entry.register_title, entry.state_title) == ("井盖", "在册")
        assert ("类别", "雨水") in [(title, value) for title, value, _ in entry.labelled()]
        assert steps_for(people.town, entry) == []
        with pytest.raises(NotFound):
            change_entry(people.town, entry, version=1, values={"depth_m": 2})
    finally:
        REGISTERS["test_wells"] = wells


def test_a_declaration_that_contradicts_itself_is_refused() -> None:
    base = {"key": "test_bad", "prefix": "TB", "title_zh": "坏", "title_en": "Bad", "fields": (Field("name", "名", "Name", required=True),), "states": (State("a", "甲", "A"),), "natural_key": ("name",)}  # fmt: skip
    for wrong, said in (({"natural_key": ("number",)}, "no field"), ({"steps": (Step("x", "x", "x", ("a",), "b"),)}, "no state"), ({"prefix": "tb"}, "prefix"), ({"states": (State("a", "甲", "A", counts=True),)}, "must not count")):  # fmt: skip
        with pytest.raises(ValueError, match=said):
            type("Bad", (Register,), {**base, **wrong})
    with pytest.raises(ValueError, match="choice"):
        Field("x", "x", "x", choices=(("a", "a", "a"),))
    assert "test_bad" not in REGISTERS


def test_a_total_may_say_that_nothing_can_be_said(wells, people, district) -> None:
    share = Count("test_wells", lambda known, day: [(s, Decimal(1)) for s in known if s.state == "model"], lambda chosen: None if not chosen else Decimal(1))  # fmt: skip
    make(people, district)
    assert share.value_at(timezone.now()) is None


@pytest.fixture
def checked_wells(wells) -> Iterator[str]:
    """The key of a number that is counted from the register of no pack."""
    key = "test.wells"
    offered = Offered(key, "已核井盖", "manholes checked", "个", "已核的井盖数", "unverified", date(2026, 1, 1))
    offer_count(offered, Count("test_wells", in_states("checked", "model")))
    yield key
    for known in (COUNTS, MEASURES, OFFERED):
        del known[key]


def test_what_was_accepted_is_measured_at_once(
    clock, wells, checked_wells, people, district, django_capture_on_commit_callbacks
) -> None:
    def measured() -> list[int]:
        return [int(v.value) for v in IndicatorValue.objects.filter(indicator__key=checked_wells).order_by("pk")]

    with django_capture_on_commit_callbacks(execute=True):
        entry = handed_in(people, make(people, district))
    assert measured() == [], "what waits for review moves nothing"
    with django_capture_on_commit_callbacks(execute=True):
        entry = accepted(people, entry)
    assert measured() == [1]
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_entry(people.supervisor, entry, version=entry.version, reason="重复登记")
    assert measured() == [1, 0]
    assert measure_now([checked_wells]) == 0, "the same number of the same day is written once"


def test_only_synthetic_entries_may_have_an_invented_past(wells, checked_wells, people, district) -> None:
    with days_ago(30):
        invented = open_entry(people.town, None, register="test_wells", owner=district.town, values={"name": "虚构井"}, synthetic=True)  # fmt: skip
        real = make(people, district)
    assert (timezone.now() - invented.opened_at).days == 30 and (timezone.now() - real.opened_at).days == 0
    assert AuditRecord.objects.filter(action="entry.open", at__lt=timezone.now() - timedelta(days=1)).count() == 0


def test_an_entry_is_found_by_what_stands_in_it_by_whoever_may_see_it(wells, people, district, account_with) -> None:
    with translation.override("en"):
        entry = make(people, district, kind="rain")
    for account in (people.town, people.data, people.viewer):
        for words in ("一号井", entry.number, "雨水", "井盖"):
            assert [row.entry.object_id for row in search_kind(account, words, "kernel.registerentry").found] == [
                entry.pk
            ]
    assert search_kind(people.city, "一号井", "kernel.registerentry").found == []
