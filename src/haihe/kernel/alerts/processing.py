"""The step that the worker repeats: read what is new in the journal, evaluate the rules, write what follows.

Alerts, the rules' states and the cursor are written in one transaction of the records database. Whenever a process is killed, either
all of it happened or nothing did, and the next one goes on from the stored cursor: effects happen once. The journal's own cursor
"rules" is moved afterwards; it only says what the journal may forget, and may lag.

A district on a stream has a journal a partition, each with a cursor, states and minutes of silence of its own; several workers may
take them. What they share, how rules fare, is added up under a lock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl
import structlog
from django.db import DatabaseError, transaction
from django.db.models import Count, Max
from django.utils import timezone

from haihe.kernel.alerts.advancing import Advance, advance
from haihe.kernel.alerts.columns import Array
from haihe.kernel.alerts.models import RuleCursor, RuleStatus
from haihe.kernel.alerts.rows import Rows, places_in
from haihe.kernel.alerts.rules import RULES, Rule
from haihe.kernel.alerts.silence import advance_with_silence, minute_before
from haihe.kernel.alerts.states import CURSOR, begin, cursor_of, load_state, save_state
from haihe.kernel.alerts.writing import write_findings
from haihe.kernel.errors import NotFound
from haihe.kernel.observations.any_journal import AnyJournal, of_each
from haihe.kernel.policies import all_parameters
from haihe.kernel.things import Thing

log = structlog.get_logger()
STEPS_AT_ONCE = 20
STEP_ROWS = 50_000


@dataclass
class Memory:
    """States and facts that one process keeps between steps, so that it need not read them again. Valid only for the cursor that
    this process itself wrote last (its number and its instant); any doubt empties it. `asked_at`: the last minute of silence."""

    at: tuple[int, datetime | None] = (-1, None)
    states: dict[str, pl.DataFrame] = field(default_factory=dict)
    things: dict[str, tuple[Any, pl.DataFrame]] = field(default_factory=dict)
    asked_at: datetime | None = None


@dataclass(frozen=True)
class Step:
    """What one step did. `seq`: the journal is evaluated up to here."""

    seq: int
    rows: int = 0
    findings: int = 0
    alerts: int = 0


def parameter_of(key: str) -> Any:
    known = all_parameters()
    if key not in known:
        raise NotFound(f"没有参数 {key}。", f"There is no parameter {key}.", where=key)
    return known[key]


# --- facts of things --------------------------------------------------------------------------------------------------


def things_for(rule: Rule, memory: Memory | None = None) -> pl.DataFrame:
    """Things of the rule's kind, sorted, with the attributes that it and the other rules of the kind want as columns of categories (texts
    by number, so that a million rows carry them cheaply): thing, attribute, …; retired ones left out."""
    rows = Thing.objects.filter(retired_at=None)
    rows = rows.filter(kind=rule.thing_kind) if rule.thing_kind else rows
    found = rows.aggregate(count=Count("pk"), last=Max("changed_at"))
    stamp = (found["count"], found["last"])
    if memory is not None and rule.thing_kind in memory.things and memory.things[rule.thing_kind][0] == stamp:
        return memory.things[rule.thing_kind][1]
    wanted = sorted(
        {name for each in (rule, *RULES.values()) if each.thing_kind == rule.thing_kind for name in each.attributes}
    )
    pairs = list(rows.order_by("pk").values_list("pk", "attributes"))
    columns: dict[str, Any] = {"thing": [pk for pk, _ in pairs]}
    for name in wanted:
        columns[name] = [str(a[name]) if isinstance(a, dict) and a.get(name) is not None else None for _, a in pairs]
    frame = pl.DataFrame(columns, schema={"thing": pl.Int64, **dict.fromkeys(wanted, pl.Categorical)})
    if memory is not None:
        memory.things[rule.thing_kind] = (stamp, frame)
    return frame


def with_facts(batch: pl.DataFrame, things: pl.DataFrame) -> pl.DataFrame:
    """The rows about these things, in their order, with the things' facts as columns. `things`: sorted by thing."""
    place, is_known = places_in(things["thing"].to_numpy(), batch["thing"].fill_null(-1).to_numpy())
    facts = things.drop("thing")
    if not is_known.all():
        batch, place = batch.filter(pl.Series(is_known)), place[is_known]
    return batch.with_columns(facts[place].get_columns()) if facts.width else batch


class Scene:
    """What the rules of one step look at: the new rows by table, and the things; each made once for all rules of a kind of thing."""

    def __init__(self, journal: AnyJournal, batches: dict[str, pl.DataFrame], memory: Memory) -> None:
        self.journal, self.batches, self.memory = journal, batches, memory
        self._things: dict[str, pl.DataFrame] = {}
        self._rows: dict[tuple[str, str], Rows] = {}

    def things(self, rule: Rule) -> pl.DataFrame:
        if rule.thing_kind not in self._things:
            self._things[rule.thing_kind] = things_for(rule, self.memory)
        return self._things[rule.thing_kind]

    def living(self, rule: Rule) -> Array:
        """The things of the rule of which rows come through this journal."""
        things = self.things(rule)["thing"].to_numpy()
        return things[self.journal.mine(things)]

    def rows(self, rule: Rule) -> Rows:
        """The rows of the rule's things with their facts; none where nothing came for its table."""
        place = (rule.table, rule.thing_kind)
        if place not in self._rows:
            batch = self.batches.get(rule.table)
            self._rows[place] = Rows(pl.DataFrame() if batch is None else with_facts(batch, self.things(rule)))
        return self._rows[place]

    def count(self, rule: Rule) -> int:
        """New rows of the rule's table, whatever they are about."""
        return self.batches[rule.table].height if rule.table in self.batches else 0


# --- the step -------------------------------------------------------------------------------------------------------


def process_once(
    journal: AnyJournal, *, limit_rows: int = STEP_ROWS, now: datetime | None = None, memory: Memory | None = None,
    policy: Callable[[str], Any] = parameter_of,
) -> Step:  # fmt: skip
    """Evaluate every enabled rule over what the journal holds after the cursor, at most about `limit_rows` rows.

    A process that calls this again and again passes one `Memory`, which saves reading the states each time.
    """
    now = now or timezone.now()
    memory = memory if memory is not None else Memory()
    cursor = begin(journal, afresh=memory.at[0] < 0)
    if memory.at != (cursor.seq, cursor.moved_at):
        memory.states.clear()
        memory.asked_at = None
    if journal.cursor(CURSOR) != cursor.seq:
        # First start, or a kill between the commit and the journal's note: the journal must not forget what is still needed.
        journal.set_cursor(CURSOR, cursor.seq)
    minute = minute_before(now)  # before reading: everything that was received until then is among what is read
    entries, seq = journal.news(
        cursor.seq, limit_rows, only=sorted({rule.table for rule in RULES.values() if rule.table})
    )
    is_up_to_date = sum(entry.rows for entry in entries) < limit_rows
    ask_at = minute if is_up_to_date and journal.grows and minute != memory.asked_at else None
    if seq == cursor.seq and ask_at is None:
        return Step(cursor.seq)
    tables: dict[str, list[pl.DataFrame]] = {}
    for entry in entries:
        tables.setdefault(entry.table, []).append(entry.batch)
    batches = {table: pl.concat(parts, how="diagonal_relaxed") for table, parts in tables.items()}
    step = _evaluate_and_write(journal, batches, cursor, seq, now, ask_at, memory, policy)
    journal.set_cursor(CURSOR, step.seq)
    return step


def _evaluate_and_write(
    journal: AnyJournal, batches: dict[str, pl.DataFrame], before: RuleCursor, seq: int, now: datetime, ask_at: datetime | None,
    memory: Memory, policy: Callable[[str], Any],
) -> Step:  # fmt: skip
    statuses = {status.rule: status for status in RuleStatus.objects.all()}
    tried: list[RuleStatus] = []
    done: list[tuple[Rule, Advance]] = []
    scene, asked = Scene(journal, batches, memory), dict(before.asked)
    for rule in [RULES[name] for name in sorted(RULES)]:
        status = statuses.setdefault(rule.name, RuleStatus(rule=rule.name))
        ask = ask_at if rule.speaks_of_silence else None
        if (rule.table not in batches and ask is None) or not status.enabled:
            continue
        # What this step adds; the numbers themselves may be another worker's by now.
        status.evaluated_rows = status.skipped_rows = 0
        tried.append(status)
        advanced = _try(rule, scene, status, now, ask, policy, asked)
        if advanced is not None:
            done.append((rule, advanced))
    alerts = findings = 0
    with transaction.atomic():
        locked = RuleCursor.objects.select_for_update().get(name=before.name)
        if (locked.seq, locked.moved_at) != (before.seq, before.moved_at):
            memory.at = (-1, None)
            return Step(locked.seq)  # Another process was first: what it wrote stands.
        for rule, advanced in done:
            findings += advanced.findings.height
            alerts += len(write_findings(rule, advanced.findings, now))
            if len(advanced.things):
                save_state(rule, advanced.state, advanced.things, journal.name)
        _add_statuses(tried)
        locked.seq, locked.asked = seq, asked
        locked.save()
    for rule, advanced in done:
        memory.states[rule.name] = advanced.state
    memory.at = (locked.seq, locked.moved_at)
    memory.asked_at = ask_at or memory.asked_at
    return Step(seq, sum(batch.height for batch in batches.values()), findings, alerts)


def _add_statuses(tried: list[RuleStatus]) -> None:
    """Add up what rules did; all but `enabled`, which a person may be switching meanwhile. The last lock that a step takes, in one order
    for all workers."""
    names = [status.rule for status in tried]
    kept = {row.rule: row for row in RuleStatus.objects.select_for_update().filter(rule__in=names).order_by("rule")}
    for status in tried:
        if status.rule in kept:
            status.evaluated_rows += kept[status.rule].evaluated_rows
            status.skipped_rows += kept[status.rule].skipped_rows
    RuleStatus.objects.bulk_create(
        tried, update_conflicts=True, unique_fields=["rule"],
        update_fields=["evaluated_rows", "skipped_rows", "failing_since", "error"],
    )  # fmt: skip


def _try(
    rule: Rule, scene: Scene, status: RuleStatus, now: datetime, ask_at: datetime | None, policy: Callable[[str], Any],
    asked: dict[str, str],
) -> Advance | None:  # fmt: skip
    """The rule's step, or None when it raised an error: one broken rule must not stop the others. `asked`: the minutes until which
    rules were asked about silence, moved on for this one."""
    try:
        states = scene.memory.states
        if rule.name not in states:
            states[rule.name] = load_state(rule, scene.journal.name)
        state, rows = states[rule.name], scene.rows(rule)
        if rule.speaks_of_silence:
            last = datetime.fromisoformat(asked[rule.name]) if rule.name in asked else None
            heard = advance_with_silence(
                rule, rows, state, scene.living(rule), policy, now, asked_at=last, until=ask_at
            )
            advanced = heard.advance
            if heard.asked_at is not None:
                asked[rule.name] = heard.asked_at.isoformat()
        else:
            advanced = advance(rule, rows, state, policy, now)
    except DatabaseError:
        raise  # not the rule's fault: the whole step is done again
    except Exception as error:
        if status.failing_since is None:
            log.error("a rule fails; its rows are skipped and can be replayed", rule=rule.name, error=repr(error))
        status.failed(error, scene.count(rule), now)
        return None
    if status.failing_since is not None:
        log.info("a rule works again", rule=rule.name)
    status.failing_since, status.error = None, ""
    status.evaluated_rows += advanced.rows
    return advanced


_memories: dict[str, Memory] = {}


def process_new(at: datetime) -> int:
    """The worker's step: all that is new in the journals that this process works on; returns rows."""
    from haihe.kernel.observations.stores import journals, own_journals

    def take(journal: AnyJournal) -> int:
        if journal.name and not _is_done(journals()[0]):
            return 0  # what the embedded journal of a district left is older, and comes first
        memory, rows = _memories.setdefault(journal.name, Memory()), 0
        memory.things = next(iter(_memories.values())).things  # facts of things are the same for all
        for _ in range(STEPS_AT_ONCE):  # then the others, and the worker's other steps, have their turn
            step = process_once(journal, now=at, memory=memory)
            rows += step.rows
            if (
                step.rows < STEP_ROWS
            ):  # what has come since then waits for the next turn: many small steps would cost more
                break
        return rows

    return of_each(own_journals(), take)


def _is_done(first: AnyJournal) -> bool:
    """Whether the rules have evaluated an embedded journal to its end; true where there is none."""
    if first.name:
        return True
    cursor = RuleCursor.objects.filter(name=cursor_of("")).first()
    return (cursor.seq if cursor else 0) >= first.last_seq()
