"""Meetings: convening, answers of the units, minutes that are written once when approved, correcting them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.identity import Account, Role
from haihe.kernel.notices import notify
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import action
from haihe.packs.coordination.drafts import own_one, save_draft, wanted
from haihe.packs.coordination.members import member_units
from haihe.packs.coordination.models import AgendaItem, Attendance, Meeting, Minutes

MOST_AGENDA_ITEMS = 50


@action("meeting.convene", "召集会议", "convene a meeting", roles=[Role.SUPERVISOR])
def convene(
    account: Account, _: None, *, title: str, at: datetime, place: str = "", chair: str = "", agenda: Sequence[str] = (),
    units: Sequence[Organisation] = (),
) -> Meeting:  # fmt: skip
    """Plan a meeting and tell the invited units (default: all member units)."""
    invited = list(dict.fromkeys(units)) or member_units(timezone.localdate(at))
    if not invited:
        raise InvalidInput("请选择参会单位。", "Name the units to invite.", where="units",
                           to_do_zh="也可先登记成员单位。", to_do_en="Or register the member units first.")  # fmt: skip
    meeting = Meeting.objects.create(
        title=wanted(title, "title", "请填写会议名称。", "Give the meeting a title.", 200), at=at, place=place.strip()[:120], chair=chair.strip()[:80], convened_by=account
    )  # fmt: skip
    _set_agenda(meeting, agenda)
    Attendance.objects.bulk_create(Attendance(meeting=meeting, organisation=unit) for unit in invited)
    _tell(meeting, invited, ("会议通知", "Meeting"), _when(meeting))
    audit.note(title=meeting.title, at=at, units=[unit.name for unit in invited])
    return meeting


def _set_agenda(meeting: Meeting, agenda: Iterable[str]) -> None:
    titles = [line.strip()[:200] for line in agenda if line.strip()]
    if len(titles) > MOST_AGENDA_ITEMS:
        raise InvalidInput(
            f"议题最多 {MOST_AGENDA_ITEMS} 项。", f"At most {MOST_AGENDA_ITEMS} agenda items.", where="agenda"
        )
    meeting.agenda.all().delete()
    AgendaItem.objects.bulk_create(AgendaItem(meeting=meeting, position=n, title=t) for n, t in enumerate(titles, 1))


def _when(meeting: Meeting) -> tuple[str, str]:
    at = timezone.localtime(meeting.at)
    zh = f"《{meeting.title}》{at.year}年{at.month}月{at.day}日 {at:%H:%M}，{meeting.place or '地点另行通知'}。请回复出席情况。"
    return zh, f"{meeting.title}: {at:%Y-%m-%d %H:%M}, {meeting.place or 'place to follow'}. Please say who comes."


def _tell(meeting: Meeting, units: Iterable[Organisation], subject: tuple[str, str], text: tuple[str, str]) -> None:
    for unit in units:
        notify(unit, subject, text, about=meeting)


def _invited(meeting: Meeting) -> list[Organisation]:
    return [row.organisation for row in meeting.attendance.select_related("organisation")]


def _demand(meeting: Meeting, *states: str) -> None:
    if meeting.state not in states:
        raise Conflict(
            f"会议{meeting.get_state_display()}，不能这样办。", f"The meeting is {meeting.state}.", where=meeting.title,
            to_do_zh="请刷新页面看现状。", to_do_en="Load the page again.",
        )  # fmt: skip


@action("meeting.change", "调整会议", "change a planned meeting", roles=[Role.SUPERVISOR])
def change_meeting(
    account: Account, meeting: Meeting, *, at: datetime, place: str, chair: str, agenda: Sequence[str]
) -> Meeting:
    """Another time, place, chair or agenda; the units are told."""
    _demand(meeting, Meeting.State.PLANNED)
    meeting.at, meeting.place, meeting.chair = at, place.strip()[:120], chair.strip()[:80]
    meeting.save()
    _set_agenda(meeting, agenda)
    _tell(meeting, _invited(meeting), ("会议调整", "Meeting changed"), _when(meeting))
    audit.note(at=at, place=meeting.place)
    return meeting


@action("meeting.cancel", "取消会议", "cancel a meeting", roles=[Role.SUPERVISOR])
def cancel_meeting(account: Account, meeting: Meeting, *, reason: str) -> Meeting:
    _demand(meeting, Meeting.State.PLANNED)
    meeting.cancel_reason = wanted(reason, "reason", "请写明取消原因。", "Say why it is cancelled.", 300)
    meeting.state = Meeting.State.CANCELLED
    meeting.save()
    text = f"《{meeting.title}》取消：{meeting.cancel_reason}", f"{meeting.title} is cancelled: {meeting.cancel_reason}"
    _tell(meeting, _invited(meeting), ("会议取消", "Meeting cancelled"), text)
    audit.note(reason=meeting.cancel_reason)
    return meeting


@action("meeting.answer", "回复会议通知", "answer an invitation", roles=[], as_unit=["invited"])
def answer_invitation(
    account: Account, meeting: Meeting, *, coming: bool, role: str = "", organisation: Organisation | None = None
) -> Attendance:
    """Whether the unit comes, and the post that comes for it; an excuse says why in `role`."""
    _demand(meeting, Meeting.State.PLANNED)
    unit = own_one(account, _invited(meeting), organisation)
    seat = meeting.attendance.get(organisation=unit)
    said = role.strip()[:80]
    if not coming and not said:
        raise InvalidInput("请写明请假原因或代会岗位。", "Say why, or who comes instead.", where="role")
    seat.state, seat.role = (Attendance.State.COMING if coming else Attendance.State.EXCUSED), said
    seat.save()
    audit.note(organisation=unit.name, coming=coming, role=said)
    return seat


@action("meeting.hold", "登记到会情况", "record who attended", roles=[Role.SUPERVISOR])
def record_attendance(account: Account, meeting: Meeting, *, present: Iterable[Organisation]) -> Meeting:
    """The meeting was held: which units were there; the others were excused (as they had said) or absent."""
    _demand(meeting, Meeting.State.PLANNED, Meeting.State.HELD)
    if timezone.localdate(meeting.at) > timezone.localdate():
        raise Conflict("会议还没有开。", "The meeting has not been held yet.", where=meeting.title)
    there = {unit.pk for unit in present}
    for seat in meeting.attendance.all():
        excused = seat.state == Attendance.State.EXCUSED
        absent = Attendance.State.EXCUSED if excused else Attendance.State.ABSENT
        seat.state = Attendance.State.PRESENT if seat.organisation_id in there else absent
        seat.save(update_fields=["state"])
    meeting.state = Meeting.State.HELD
    meeting.save(update_fields=["state"])
    audit.note(present=sorted(there))
    return meeting


# --- minutes --------------------------------------------------------------------------------------------------------


@action("minutes.save", "保存会议纪要草稿", "save a draft of the minutes", roles=[Role.SUPERVISOR])
def save_minutes(account: Account, meeting: Meeting, *, text: str, revision: int) -> Meeting:
    """`revision`: the draft that the writer saw. Conflict where another officer saved since, or the minutes are approved."""
    if meeting.minutes is not None:
        raise Conflict("会议纪要已定稿。", "The minutes are approved.", where=meeting.title,
                       to_do_zh="如需更正，请使用“更正纪要”。", to_do_en="Correct them: that makes a new version.")  # fmt: skip
    if meeting.state == Meeting.State.CANCELLED:
        _demand(meeting, Meeting.State.PLANNED, Meeting.State.HELD)
    save_draft(account, meeting, text, revision)
    return meeting


@action("minutes.approve", "纪要定稿", "approve the minutes", roles=[Role.SUPERVISOR])
def approve_minutes(account: Account, meeting: Meeting, *, revision: int) -> Minutes:
    """Approve the draft `revision`: it is written once, and the units are told."""
    _demand(meeting, Meeting.State.HELD)
    if meeting.minutes is not None:
        raise Conflict("会议纪要已定稿。", "The minutes are approved already.", where=meeting.title)
    # Whoever approves approves what they read: a draft saved since is another one.
    save_draft(account, meeting, meeting.draft, revision)
    return _write(account, meeting, meeting.draft, "")


@action("minutes.correct", "更正会议纪要", "correct approved minutes", roles=[Role.SUPERVISOR])
def correct_minutes(account: Account, meeting: Meeting, *, text: str, reason: str, version: int) -> Minutes:
    """A new version beside the old one, with the reason. Conflict where `version` is no longer the newest."""
    current = meeting.minutes
    if current is None or current.version != version:
        raise Conflict("纪要已有更新的版本，您的更正没有保存。", "There is a newer version: nothing was stored.", where=meeting.title,
                       to_do_zh="请打开最新版本比对后再更正。", to_do_en="Compare with the newest version and correct that.")  # fmt: skip
    return _write(account, meeting, text, wanted(reason, "reason", "请写明更正原因。", "Say why it is corrected.", 300))


def _write(account: Account, meeting: Meeting, text: str, reason: str) -> Minutes:
    said = wanted(text, "draft", "纪要还是空的。", "The minutes are empty.")
    current = meeting.minutes
    minutes = Minutes.objects.create(
        meeting=meeting, version=1 + (current.version if current else 0), text=said, reason=reason, approved_by=account, approved_at=timezone.now()
    )  # fmt: skip
    subject = ("会议纪要更正", "Minutes corrected") if reason else ("会议纪要印发", "Minutes")
    _tell(meeting, _invited(meeting), subject, (f"《{meeting.title}》{reason}", f"{meeting.title}. {reason}"))
    audit.note(version=minutes.version, reason=reason)
    return minutes
