"""A coordination round: ask the units, gather their notes, issue a bulletin. Each open problem then becomes a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.identity import Account, Role
from haihe.kernel.notices import notify
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import action
from haihe.packs.coordination.drafts import own_one, save_draft, wanted
from haihe.packs.coordination.members import member_units
from haihe.packs.coordination.models import Bulletin, Note, Problem, Round, RoundUnit

MOST_PROBLEMS = 20


@action("round.open", "发起情况汇总", "open a coordination round", roles=[Role.SUPERVISOR])
def open_round(
    account: Account, _: None, *, title: str, notes_by: date, asked: str = "", units: Sequence[Organisation] = ()
) -> Round:
    """Ask the units (default: all member units) for a situation note by a day, and tell them."""
    if notes_by < timezone.localdate():
        raise InvalidInput("报送截止日期已过。", "The day has passed.", where="notes_by")
    asked_units = list(dict.fromkeys(units)) or member_units()
    if not asked_units:
        raise InvalidInput("请选择报送单位。", "Name the units to ask.", where="units",
                           to_do_zh="也可先登记成员单位。", to_do_en="Or register the member units first.")  # fmt: skip
    made = Round.objects.create(
        title=wanted(title, "title", "请填写名称。", "Give it a title.", 200), asked=asked.strip(), notes_by=notes_by, opened_by=account, opened_at=timezone.now()
    )  # fmt: skip
    RoundUnit.objects.bulk_create(RoundUnit(round=made, organisation=unit) for unit in asked_units)
    zh = f"《{made.title}》请于 {notes_by.year}年{notes_by.month}月{notes_by.day}日前报送情况。{made.asked}"
    for unit in asked_units:
        notify(
            unit, ("报送情况专报", "Hand in a situation note"), (zh, f"{made.title}: due {notes_by}. {made.asked}"), about=made
        )  # fmt: skip
    audit.note(title=made.title, notes_by=notes_by, units=[unit.name for unit in asked_units])
    return made


def asked_units(found: Round) -> list[Organisation]:
    return [row.organisation for row in found.units.select_related("organisation")]


def current_notes(found: Round) -> dict[int, Note]:
    """The newest note of each unit, by the unit's number."""
    rows = found.notes.select_related("organisation", "account").prefetch_related("problems__decision__case")
    return {note.organisation_id: note for note in rows.order_by("version")}


@action("note.hand_in", "报送情况专报", "hand in a situation note", roles=[], as_unit=["asked"])
def hand_in(
    account: Account, found: Round, *, text: str, problems: Sequence[str] = (), version: int = 0, organisation: Organisation | None = None
) -> Note:  # fmt: skip
    """The unit's note with the problems to be settled. `version`: the unit's note that the writer saw, 0 for none.

    Conflict: the bulletin is out, a problem of the earlier note is decided, or a colleague handed in another version meanwhile.
    """
    unit = own_one(account, asked_units(found), organisation)
    earlier = found.notes.filter(organisation=unit).order_by("-version").first()
    _demand_correctable(found, earlier, version)
    named = [line.strip() for line in problems if line.strip()]
    if len(named) > MOST_PROBLEMS:
        raise InvalidInput(f"问题最多 {MOST_PROBLEMS} 条。", f"At most {MOST_PROBLEMS} problems.", where="problems")
    note = Note.objects.create(
        round=found, organisation=unit, version=version + 1, account=account, at=timezone.now(), text=wanted(text, "text", "请填写情况。", "Write the note.")
    )  # fmt: skip
    Problem.objects.bulk_create(Problem(note=note, position=n, text=line) for n, line in enumerate(named, 1))
    audit.note(organisation=unit.name, version=note.version, problems=len(named))
    return note


def _demand_correctable(found: Round, earlier: Note | None, version: int) -> None:
    if found.bulletin is not None:
        raise Conflict("本轮通报已印发，不能再报送。", "The bulletin is out: the round takes no more notes.", where=found.title,
                       to_do_zh="请在下一轮报送，或联系协调办公室更正通报。", to_do_en="Use the next round, or ask for a correction.")  # fmt: skip
    if (earlier.version if earlier else 0) != version:
        raise Conflict(
            "本单位另有人刚刚报送了新稿，您的内容没有保存。", "A colleague handed in another version: nothing was stored.", where=found.title,
            to_do_zh="您填写的文字仍在框内：请在新窗口打开本页比对后再报送。", to_do_en="Your text is still in the form: compare and hand in again.",
        )  # fmt: skip
    if earlier is not None and any(not problem.is_open for problem in earlier.problems.all()):
        raise Conflict(
            "原稿中的问题已有处理结果，不能再改。", "A problem of the note is settled already.", where=found.title
        )


@action("problem.close", "问题不再列入议定事项", "close a problem without a decision", roles=[Role.SUPERVISOR])
def close_problem(account: Account, problem: Problem, *, reason: str) -> Problem:
    """Say why no decision is needed: the unit solved it, it is the same as another one …"""
    if not problem.is_open:
        raise Conflict("该问题已有处理结果。", "The problem is settled already.", where=str(problem))
    problem.closed_reason = wanted(reason, "reason", "请写明原因。", "Say why.", 300)
    problem.closed_by, problem.closed_at = account, timezone.now()
    problem.save()
    audit.note(reason=problem.closed_reason)
    return problem


# --- the bulletin ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gathered:
    """What a round has so far: who handed in, who did not, and every problem of the notes in force."""

    notes: list[Note]
    missing: list[Organisation]
    problems: list[Problem]


def gathered(found: Round) -> Gathered:
    notes = current_notes(found)
    units = asked_units(found)
    rows = [notes[unit.pk] for unit in units if unit.pk in notes]
    problems = [problem for note in rows for problem in note.problems.all()]
    return Gathered(rows, [unit for unit in units if unit.pk not in notes], problems)


def compile_bulletin(found: Round) -> str:
    """A first draft of the bulletin from the notes in force: situations by unit, problems, who did not hand in."""
    has = gathered(found)
    parts = ["一、各单位进展情况", *(f"{note.organisation.name}：{note.text}" for note in has.notes)]
    parts += ["二、需协调解决的问题"]
    parts += [f"{n}．{p.note.organisation.name}：{p.text}" for n, p in enumerate(has.problems, 1)] or [
        "本期未报送问题。"
    ]
    parts += ["三、报送情况", f"应报 {len(has.notes) + len(has.missing)} 个单位，已报 {len(has.notes)} 个。"]
    if has.missing:
        parts.append("未报送：" + "、".join(unit.name for unit in has.missing) + "。")
    return "\n".join(parts)


@action("bulletin.save", "保存通报草稿", "save a draft of the bulletin", roles=[Role.SUPERVISOR])
def save_bulletin(account: Account, found: Round, *, text: str, revision: int) -> Round:
    if found.bulletin is not None:
        raise Conflict("通报已印发。", "The bulletin is issued.", where=found.title,
                       to_do_zh="如需更正，请使用“更正通报”。", to_do_en="Correct it: that makes a new version.")  # fmt: skip
    save_draft(account, found, text, revision)
    return found


@action("bulletin.issue", "印发通报", "issue the bulletin", roles=[Role.SUPERVISOR])
def issue_bulletin(account: Account, found: Round, *, revision: int) -> Bulletin:
    """Issue the draft `revision` (or, where none was saved, what the notes give) to the asked units: written once."""
    if found.bulletin is not None:
        raise Conflict("通报已印发。", "The bulletin is issued already.", where=found.title)
    if not found.notes.exists():
        raise Conflict("还没有单位报送情况。", "No unit has handed in a note yet.", where=found.title)
    save_draft(account, found, found.draft or compile_bulletin(found), revision)
    today = timezone.localdate()
    last = Bulletin.objects.filter(year=today.year).order_by("-issue").first()
    return _write(account, found, found.draft, "", (today.year, 1 + (last.issue if last else 0), 1))


@action("bulletin.correct", "更正通报", "correct an issued bulletin", roles=[Role.SUPERVISOR])
def correct_bulletin(account: Account, found: Round, *, text: str, reason: str, version: int) -> Bulletin:
    current = found.bulletin
    if current is None or current.version != version:
        raise Conflict("通报已有更新的版本，您的更正没有保存。", "There is a newer version: nothing was stored.", where=found.title,
                       to_do_zh="请打开最新版本比对后再更正。", to_do_en="Compare with the newest version and correct that.")  # fmt: skip
    said = wanted(reason, "reason", "请写明更正原因。", "Say why it is corrected.", 300)
    return _write(account, found, text, said, (current.year, current.issue, current.version + 1))


def _write(account: Account, found: Round, text: str, reason: str, number: tuple[int, int, int]) -> Bulletin:
    year, issue, version = number
    bulletin = Bulletin.objects.create(
        round=found, year=year, issue=issue, version=version, reason=reason, issued_by=account, issued_at=timezone.now(),
        text=wanted(text, "draft", "通报还是空的。", "The bulletin is empty."),
    )  # fmt: skip
    zh = f"《{found.title}》{year}年第{issue}期{'（更正）' if reason else ''}。{reason}"
    for unit in asked_units(found):
        notify(unit, ("信息通报", "Bulletin"), (zh, f"{found.title}, {year} no. {issue}. {reason}"), about=found)
    audit.note(year=year, issue=issue, version=version, reason=reason)
    return bulletin
