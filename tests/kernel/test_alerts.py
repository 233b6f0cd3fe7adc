"""The road from journal to alert: one open alert per rule, thing and key; life cycle; suppression; late rows; dated parameters."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.utils import timezone

sys.path.insert(0, str(Path(__file__).parent))
from rule_for_tests import START, HighWater, levels, policy

from haihe.kernel import audit
from haihe.kernel.alerts import board, lifecycle
from haihe.kernel.alerts.models import Alert, RuleCursor, RuleState, RuleStatus, Suppression
from haihe.kernel.alerts.processing import Memory, process_once
from haihe.kernel.alerts.replay import replay
from haihe.kernel.alerts.rules import RULES, Rule
from haihe.kernel.alerts.states import BLOCK_THINGS, load_state, pack_state
from haihe.kernel.cases import CLOSED, CaseStep, CaseType, Exit, take_step
from haihe.kernel.cases.models import Case
from haihe.kernel.cases.types import CASE_TYPES
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from haihe.kernel.observations.journal import Journal
from haihe.kernel.permissions import visible
from haihe.kernel.things import Thing

EPISODE = [1.0, 3.5, 3.6, 4.2, 2.0]


@pytest.fixture(autouse=True)
def only_this_rule(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    kept = dict(RULES)
    RULES.clear()
    RULES["water.high"] = HighWater()
    yield
    RULES.clear()
    RULES.update(kept)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite3")


@pytest.fixture
def gauge(district: Any) -> Thing:
    return Thing.objects.create(kind="gauge", key="G1", name="一号水位", organisation=district.town)


def step(journal: Journal, *batches: pl.DataFrame, **more: Any) -> Any:
    for batch in batches:
        journal.append([("level", batch)])
    return process_once(journal, policy=policy, **more)


def test_an_episode_is_warned_of_raised_and_over(journal: Journal, gauge: Thing) -> None:
    step(journal, levels(gauge.pk, EPISODE))
    alert = Alert.objects.get()
    assert (alert.level, alert.state, alert.count, alert.value, alert.limit) == ("raised", "raised", 1, 3.6, 3.0)
    assert alert.started_at == START + timedelta(minutes=10) and alert.raised_at == START + timedelta(minutes=20)
    assert alert.over_at == START + timedelta(minutes=40)
    assert (alert.severity, alert.urgency, alert.certainty) == ("Severe", "Immediate", "Observed")
    assert alert.organisation == gauge.organisation and alert.evidence == {"by": "gauge"}


def test_a_mere_warning_ends_by_itself(journal: Journal, gauge: Thing) -> None:
    step(journal, levels(gauge.pk, [1.0, 3.5, 1.0]))
    alert = Alert.objects.get()
    assert (alert.level, alert.state, alert.count) == ("warning", "ended", 0) and alert.closed_at is not None


def test_what_comes_again_while_the_alert_is_open_is_counted_on_it(journal: Journal, gauge: Thing) -> None:
    step(journal, levels(gauge.pk, EPISODE * 3))
    assert Alert.objects.get().count == 3


def test_after_it_was_handled_it_is_a_new_alert(journal: Journal, gauge: Thing, account_with: Any) -> None:
    step(journal, levels(gauge.pk, EPISODE))
    lifecycle.handle(account_with("supervisor"), Alert.objects.get(), text="已排水")
    step(journal, levels(gauge.pk, EPISODE, start=START + timedelta(hours=5)))
    assert list(Alert.objects.order_by("pk").values_list("state", "count")) == [("handled", 1), ("raised", 1)]


def test_an_alert_handled_while_it_goes_on_still_learns_that_it_is_over(
    journal: Journal, gauge: Thing, account_with: Any
) -> None:
    step(journal, levels(gauge.pk, EPISODE[:-1]))
    lifecycle.handle(account_with("supervisor"), Alert.objects.get(), text="已排水")
    step(journal, levels(gauge.pk, [1.0], start=START + timedelta(hours=1)))
    assert Alert.objects.get().over_at == START + timedelta(hours=1)


def test_many_warnings_of_one_batch_open_and_close_in_order(journal: Journal, gauge: Thing) -> None:
    step(journal, levels(gauge.pk, [3.5, 1.0] * 4))
    assert list(Alert.objects.values_list("state", flat=True)) == ["ended"] * 4
    step(journal, levels(gauge.pk, [3.5], start=START + timedelta(hours=2)))
    step(journal, levels(gauge.pk, [1.0, 3.5], start=START + timedelta(hours=3)))
    assert Alert.objects.filter(state="raised").count() == 1 and Alert.objects.count() == 6


def test_the_database_holds_one_open_alert_per_rule_thing_and_key(journal: Journal, gauge: Thing) -> None:
    step(journal, levels(gauge.pk, EPISODE))
    alert = Alert.objects.get()
    alert.pk = None
    with transaction.atomic(), pytest.raises(IntegrityError):
        alert.save(force_insert=True)


def test_late_rows_are_counted_and_change_nothing(journal: Journal, gauge: Thing) -> None:
    step(journal, levels(gauge.pk, [1.0] * 10))
    step(journal, levels(gauge.pk, EPISODE))
    assert not Alert.objects.exists()
    assert load_state(RULES["water.high"])["late_rows"].to_list() == [5]


def test_states_stored_by_remainder_are_regrouped_into_blocks(journal: Journal, gauge: Thing) -> None:
    things = [Thing.objects.create(kind="gauge", key=f"R{n}") for n in range(20)]
    for thing in things:
        step(journal, levels(thing.pk, EPISODE[:2]))
    rule = RULES["water.high"]
    before = load_state(rule)
    RuleState.objects.all().delete()
    for (remainder,), part in before.group_by(pl.col("thing") % 16):
        RuleState.objects.create(rule=rule.name, block=remainder, rows=part.height, content=pack_state(part))
    import_module("haihe.kernel.migrations.0013_states_in_blocks").regroup(apps, None)
    assert load_state(rule).equals(before) and before.height == 20
    assert {row.block for row in RuleState.objects.all()} == {thing.pk // BLOCK_THINGS for thing in things}


def test_unknown_devices_retired_things_and_other_kinds_are_ignored(journal: Journal, gauge: Thing) -> None:
    other = Thing.objects.create(kind="vehicle", key="V1")
    gauge.retired_at = START
    gauge.save()
    found = step(journal, levels(None, EPISODE), levels(other.pk, EPISODE), levels(gauge.pk, EPISODE))
    assert (found.rows, found.findings, found.seq) == (15, 0, 3) and not Alert.objects.exists()


def test_the_limit_is_that_of_the_day_of_the_row(journal: Journal, gauge: Thing) -> None:
    """The limit is 3 m until 3 March and 2 m from midnight of 4 March, Chinese time (16:00 UTC): one batch across the change."""
    rows = levels(gauge.pk, [2.5] * 4, start=START + timedelta(days=1, hours=15, minutes=30))
    step(journal, rows)
    alert = Alert.objects.get()
    assert alert.started_at == START + timedelta(days=1, hours=16) and alert.limit == 2.0


def test_rows_sent_afterwards_count_when_they_are_in_order(journal: Journal, gauge: Thing) -> None:
    rows = levels(gauge.pk, EPISODE).with_columns(
        quality=pl.lit(8, dtype=pl.UInt16), received_at=pl.col("observed_at") + timedelta(hours=2)
    )
    step(journal, rows, levels(gauge.pk, [1.0], start=START + timedelta(hours=3)))
    assert Alert.objects.get().count == 1


def test_the_journal_is_told_at_once_from_where_the_rules_still_read(journal: Journal, db: None) -> None:
    RuleCursor.objects.create(name="rules", seq=7)
    assert step(journal).rows == 0 and journal.cursor("rules") == 7


def test_a_step_reads_only_what_is_new_and_nothing_twice(journal: Journal, gauge: Thing) -> None:
    step(journal, levels(gauge.pk, EPISODE))
    assert step(journal).rows == 0 and journal.cursor("rules") == 1
    assert Alert.objects.get().count == 1
    step(journal, levels(gauge.pk, EPISODE, start=START + timedelta(hours=1)), limit_rows=1)
    assert RuleCursor.objects.get().seq == 2


@pytest.mark.parametrize("keep", [True, False])
def test_with_or_without_memory_the_outcome_is_the_same(journal: Journal, gauge: Thing, keep: bool) -> None:
    memory = Memory()
    for place, value in enumerate(EPISODE * 3):
        rows = levels(gauge.pk, [value], start=START + timedelta(minutes=10 * place))
        step(journal, rows, memory=memory if keep else None)
    assert Alert.objects.get().count == 3 and RuleState.objects.count() == 1


def test_a_memory_that_is_out_of_date_is_not_used(journal: Journal, gauge: Thing) -> None:
    mine, others = Memory(), Memory()
    for place, value in enumerate(EPISODE * 2):
        rows = levels(gauge.pk, [value], start=START + timedelta(minutes=10 * place))
        step(journal, rows, memory=mine if place % 2 else others)
    assert Alert.objects.get().count == 2


def test_a_rule_that_breaks_is_shown_and_does_not_stop_the_others(
    journal: Journal, gauge: Thing, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(HighWater):
        name = "water.broken"

        def evaluate(self, *args: Any) -> Any:
            raise RuntimeError("no such column")

    step(journal, levels(gauge.pk, EPISODE))
    assert Alert.objects.get().rule == "water.high"
    rows = {row.rule.name: row.status for row in board.list_rules()}
    assert "no such column" in rows["water.broken"].error and rows["water.broken"].skipped_rows == 5
    monkeypatch.setattr(Broken, "evaluate", HighWater.evaluate)
    step(journal, levels(gauge.pk, EPISODE, start=START + timedelta(hours=1)))
    assert RuleStatus.objects.get(rule="water.broken").failing_since is None


def test_a_rule_without_name_parts_or_titles_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match="two titles"):
        type("Nameless", (Rule,), {"name": "water"})


def test_a_state_whose_columns_changed_is_still_read(journal: Journal, gauge: Thing) -> None:
    step(journal, levels(gauge.pk, EPISODE[:3]))

    class Wider(HighWater):
        name = "water.wider"
        state = {**HighWater.state, "most_m": pl.Float64}

    Wider.name = "water.high"
    state = load_state(Wider())
    assert state["most_m"].to_list() == [None] and state["raised"].to_list() == [True]


# --- people ---------------------------------------------------------------------------------------------------------


def test_the_life_of_an_alert_in_steps_that_follow_from_each_other(
    journal: Journal, gauge: Thing, account_with: Any
) -> None:
    step(journal, levels(gauge.pk, EPISODE))
    supervisor, alert = account_with("supervisor"), Alert.objects.get()
    with pytest.raises(Conflict):
        lifecycle.end(supervisor, alert)
    alert = lifecycle.acknowledge(supervisor, alert)
    with pytest.raises(Conflict):
        lifecycle.acknowledge(supervisor, alert)
    with pytest.raises(InvalidInput):
        lifecycle.handle(supervisor, alert, text=" ")
    alert = lifecycle.handle(supervisor, alert, text="已排水")
    alert = lifecycle.end(supervisor, alert)
    with pytest.raises(Conflict):
        lifecycle.call_false_alarm(supervisor, alert, text="误报")
    steps = [record.action for record in audit.history(alert)]
    assert steps == ["alert.acknowledge", "alert.handle", "alert.end"] and alert.closed_at is not None


def test_officers_handle_and_see_the_alerts_of_their_subtree(
    journal: Journal, gauge: Thing, district: Any, account_with: Any
) -> None:
    step(journal, levels(gauge.pk, EPISODE))
    mine, other = account_with("officer", district.town), account_with("officer", district.park)
    alert = Alert.objects.get()
    assert list(visible(mine, Alert.objects.all())) == [alert] and not visible(other, Alert.objects.all()).exists()
    assert not visible(None, Alert.objects.all()).exists()
    with pytest.raises(NotAllowed):
        lifecycle.acknowledge(other, alert)
    assert lifecycle.acknowledge(mine, alert).state == "acknowledged"


def test_boards_count_what_the_account_may_see(
    journal: Journal, gauge: Thing, district: Any, account_with: Any
) -> None:
    step(journal, levels(gauge.pk, EPISODE))
    viewer, other = account_with("viewer"), account_with("officer", district.park)
    assert board.counts_by_severity(viewer) == {"Extreme": 0, "Severe": 1, "Moderate": 0, "Minor": 0, "Unknown": 0}
    assert sum(board.counts_by_severity(other).values()) == 0
    assert board.counts_by_state(viewer, START)["raised"] == 1
    assert board.visible_alerts(viewer, severity="Severe", rule="water.high", thing=gauge, organisation=district.town, since=START).count() == 1  # fmt: skip
    assert board.visible_alerts(viewer, organisation=district.park).count() == 0


# --- suppression ----------------------------------------------------------------------------------------------------


def suppress(account: Any, **more: Any) -> Suppression:
    window = {"since": START, "until": START + timedelta(hours=1), "reason": "清淤施工", **more}
    return lifecycle.suppress(account, None, **window)


def test_a_suppressed_alert_is_kept_but_not_shown(journal: Journal, gauge: Thing, account_with: Any) -> None:
    supervisor = account_with("supervisor")
    window = suppress(supervisor, thing=gauge)
    step(journal, levels(gauge.pk, EPISODE))
    assert Alert.objects.get().suppression == window
    assert not board.visible_alerts(supervisor).exists() and board.visible_alerts(supervisor, suppressed=True).exists()
    assert audit.history(window).get().details["reason"] == "清淤施工"


def test_raised_again_after_the_window_it_shows_itself(journal: Journal, gauge: Thing, account_with: Any) -> None:
    supervisor = account_with("supervisor")
    suppress(supervisor, rule="water.high", organisation=gauge.organisation.parent)
    step(journal, levels(gauge.pk, EPISODE))
    step(journal, levels(gauge.pk, EPISODE, start=START + timedelta(hours=2)))
    assert board.visible_alerts(supervisor).get().count == 2


def test_a_revoked_window_and_one_for_others_do_not_suppress(
    journal: Journal, gauge: Thing, district: Any, account_with: Any
) -> None:
    supervisor = account_with("supervisor")
    suppress(supervisor, organisation=district.park)
    window = suppress(supervisor, thing=gauge)
    Suppression.objects.filter(pk=window.pk).update(revoked_at=START)
    step(journal, levels(gauge.pk, EPISODE))
    assert board.visible_alerts(supervisor).count() == 1


def test_a_window_needs_a_subject_a_reason_and_an_end(db: None, account_with: Any) -> None:
    supervisor = account_with("supervisor")
    for wrong in ({}, {"rule": "water.high", "reason": " "}, {"rule": "water.high", "until": START}):
        with pytest.raises(InvalidInput):
            suppress(supervisor, **wrong)
    with pytest.raises(NotFound):
        suppress(supervisor, rule="water.none")
    with pytest.raises(NotAllowed):
        suppress(account_with("viewer"), rule="water.high")


def test_a_rule_that_is_switched_off_skips_and_keeps_its_state(
    journal: Journal, gauge: Thing, account_with: Any
) -> None:
    supervisor = account_with("supervisor")
    lifecycle.switch_rule(supervisor, None, rule="water.high", enabled=False, reason="校准")
    step(journal, levels(gauge.pk, EPISODE))
    assert not Alert.objects.exists()
    lifecycle.switch_rule(supervisor, None, rule="water.high", enabled=True, reason="校准完成")
    step(journal, levels(gauge.pk, EPISODE, start=START + timedelta(hours=2)))
    assert Alert.objects.get().count == 1


# --- cases ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def opening(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule opens a case of a type of one step."""
    answer = CaseStep("answer", "处置", "Answer", performers=("handler",), exits=(Exit(CLOSED, "办结", "Close"),))
    kind = CaseType(
        name="water.case",
        prefix="SW",
        title_zh="水位处置",
        title_en="High water",
        steps=(answer,),
        after_step=lifecycle.follow_case,
    )
    monkeypatch.setitem(CASE_TYPES, "water.case", kind)
    monkeypatch.setattr(HighWater, "opens_case", "water.case")


def test_an_alert_opens_its_case_once(journal: Journal, gauge: Thing, opening: None) -> None:
    step(journal, levels(gauge.pk, [1.0, 3.5]))
    assert not Case.objects.exists(), "a warning opens none"
    step(journal, levels(gauge.pk, EPISODE[2:] + EPISODE, start=START + timedelta(hours=1)))
    case, alert = Case.objects.get(), Alert.objects.get()
    assert case.about_id == str(alert.pk) and case.opened_by is None and alert.case_opened
    assert case.subject == "水位超限：一号水位" and case.severity == alert.severity.lower()
    parts = {role: unit for unit, role in case.units_with_roles()}
    assert parts["handler"] == gauge.organisation and parts["reviewer"] == gauge.organisation.parent


@pytest.mark.parametrize("together", [True, False])
def test_a_warning_opens_its_own_case_however_the_rows_are_cut_and_pauses_then(
    journal: Journal, gauge: Thing, opening: None, monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    """Warned, raised and over in one step or in several: a case of the warning and one of the alert. What warns again within the pause
    opens none, afterwards it does."""
    monkeypatch.setattr(HighWater, "warning_opens_case", "water.warning")
    monkeypatch.setattr(HighWater, "warning_case_pause", "pause_h")
    warned = CASE_TYPES["water.case"]
    monkeypatch.setitem(CASE_TYPES, "water.warning", replace(warned, name="water.warning", prefix="SY"))
    monkeypatch.setattr("haihe.kernel.alerts.writing.parameter", lambda key, on: {"water.pause_h": 4}[key])
    rows = levels(gauge.pk, [1.0, 3.5, 3.6, 3.2, 1.0])
    step(journal, *([rows] if together else [rows.slice(n, 1) for n in range(rows.height)]))
    assert sorted(Case.objects.values_list("type_name", flat=True)) == ["water.case", "water.warning"]
    Alert.objects.update(state="ended")  # people did; a warning about an alert that stands would be no news
    step(journal, levels(gauge.pk, [3.5, 1.0], start=START + timedelta(hours=2)))
    assert Case.objects.filter(type_name="water.warning").count() == 1 and Alert.objects.count() == 2
    later = timezone.now() + timedelta(hours=5)
    step(journal, levels(gauge.pk, [3.5, 1.0], start=START + timedelta(hours=8)), now=later)
    assert Case.objects.filter(type_name="water.warning").count() == 2


def test_closing_the_case_ends_the_alert(journal: Journal, gauge: Thing, opening: None, account_with: Any) -> None:
    step(journal, levels(gauge.pk, EPISODE[:3]))
    take_step(account_with("officer", gauge.organisation), Case.objects.get(), step="answer", text="已处置")
    alert = Alert.objects.get()
    assert alert.state == "ended" and alert.closed_at
    step(journal, levels(gauge.pk, [1.0, *EPISODE[:3]], start=START + timedelta(hours=5)))
    assert Case.objects.count() == 2, "what comes again is a new alert with a case of its own"


def test_a_case_that_cannot_be_opened_holds_nothing_up_and_is_tried_again(
    journal: Journal, gauge: Thing, opening: None
) -> None:
    unit, gauge.organisation = gauge.organisation, None
    gauge.save()
    step(journal, levels(gauge.pk, EPISODE[:3]))
    alert = Alert.objects.get()
    assert not Case.objects.exists() and not alert.case_opened and alert.level == "raised"
    Alert.objects.update(organisation=unit)
    step(journal, levels(gauge.pk, [1.0], start=START + timedelta(hours=1)))
    assert Case.objects.count() == 1 and Alert.objects.get().case_opened


def test_a_suppressed_alert_opens_no_case(journal: Journal, gauge: Thing, opening: None, account_with: Any) -> None:
    suppress(account_with("supervisor"), thing=gauge)
    step(journal, levels(gauge.pk, EPISODE))
    assert not Case.objects.exists() and Alert.objects.exists()


# --- live and replay ------------------------------------------------------------------------------------------------

COMPARED = ("thing_id", "key", "level", "started_at", "raised_at", "last_at", "over_at", "count", "value", "limit")


def as_rows(rows: Any) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in rows)


def test_replay_gives_what_live_gave_and_writes_nothing(journal: Journal, district: Any) -> None:
    gauges = [Thing.objects.create(kind="gauge", key=f"G{n}", organisation=district.town) for n in range(3)]
    batches = [
        levels(gauge.pk, EPISODE * 2 + [3.5, 1.0], start=START + timedelta(hours=10 * turn + place))
        for turn in range(3)
        for place, gauge in enumerate(gauges)
    ]
    step(journal, *batches)
    live = as_rows(Alert.objects.values_list(*COMPARED))
    told = replay("water.high", batches, policy=policy)
    assert as_rows(told.table().rows()) == live and [row[7] for row in live] == [6, 6, 6]
    assert as_rows(Alert.objects.values_list(*COMPARED)) == live


def test_replay_with_other_parameters_says_what_would_have_been(gauge: Thing) -> None:
    from datetime import date

    from haihe.kernel.policies import DatedValue, Parameter

    lower = Parameter("water.limit_m", "限值", "limit", "m", (DatedValue(date(2020, 1, 1), 1.5, "unverified"),))
    rows = levels(gauge.pk, [1.0, 2.0, 2.0, 1.0])
    assert replay("water.high", [rows], policy=policy).alerts == []
    assert [draft.count for draft in replay("water.high", [rows], policy=lambda key: lower).alerts] == [1]


def test_a_replay_of_a_period_is_warmed_up_by_what_lies_before_it(gauge: Thing) -> None:
    rows = levels(gauge.pk, EPISODE + EPISODE)
    told = replay("water.high", [rows], policy=policy, since=START + timedelta(minutes=50))
    assert [draft.started_at for draft in told.alerts] == [START + timedelta(minutes=60)]
    with pytest.raises(NotFound, match="Known: water"):
        replay("water.low", [])
