"""What people do with rosters. Each is an action: permission, lock, audit record, one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from haihe.kernel import audit, things
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.identity import Account, Role, on_hand_over
from haihe.kernel.notices import notify
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import action, allows
from haihe.kernel.policies import parameter
from haihe.kernel.rosters.models import KIND, CheckResult, DutyCheck, DutyPost, HandoverNote, Shift, TakeOver
from haihe.kernel.rosters.watching import tell_answered

MANAGERS = (Role.SUPERVISOR,)
UNIT = ("unit",)
MOST_REPEATS = 62  # days in one go: two months


def _minutes(key: str, at: datetime) -> timedelta:
    return timedelta(minutes=float(parameter(f"rosters.{key}", timezone.localdate(at))))


# --- posts ----------------------------------------------------------------------------------------------------------


@action("roster.open_post", "设立值班岗位", "open a duty post", roles=[Role.SUPERVISOR, Role.OFFICER])
def open_post(
    account: Account, organisation: Organisation, *, name: str, telephone: str = "", since: datetime | None = None
) -> DutyPost:
    """A post that has to be manned day and night from `since` on (now, where nothing is said)."""
    if not name.strip():
        raise InvalidInput("请填写岗位名称。", "Name the post.", where="name")
    thing = things.register_thing(
        account, None, kind=KIND, key=f"{organisation.pk} {name.strip()}"[:80], name=name.strip()[:120], organisation=organisation
    )  # fmt: skip
    since = since or timezone.now()
    post, fresh = DutyPost.objects.get_or_create(
        thing=thing, defaults={"since": since, "telephone": telephone.strip()[:40]}
    )
    if not fresh:  # a retired post of that name, taken up again
        post.since, post.telephone = since, telephone.strip()[:40]
        post.gap_phase, post.gap_from = DutyPost.Phase.NONE, None
        post.save()
    audit.note(post=str(post), since=since)
    return post


@action("roster.retire_post", "撤销值班岗位", "retire a duty post", roles=MANAGERS, as_unit=UNIT)
def retire_post(account: Account, post: DutyPost, *, reason: str) -> DutyPost:
    """It need not be manned any more; what happened there stays."""
    _demand_living(post)
    things.retire_thing(account, post.thing, reason=reason)
    post.thing.refresh_from_db()
    return post


def _demand_living(post: DutyPost) -> None:
    if post.is_retired:
        raise Conflict(
            "该岗位已撤销。", "This post is retired.", where=str(post), to_do_zh="请选择在用的岗位。", to_do_en="Choose another post.",
        )  # fmt: skip


# --- shifts ---------------------------------------------------------------------------------------------------------


@action("roster.arrange", "排班", "arrange shifts", roles=MANAGERS, as_unit=UNIT)
def arrange_shifts(
    account: Account, post: DutyPost, *, person: Account, starts_at: datetime, ends_at: datetime, days: int = 1
) -> list[Shift]:
    """The same shift of a person on so many days in a row. All of them or none: Conflict names the first that does not fit."""
    _demand_living(post)
    longest = float(parameter("rosters.longest_shift_hours", timezone.localdate(starts_at)))
    if not starts_at < ends_at <= starts_at + timedelta(hours=longest):
        raise InvalidInput(
            f"班次结束应晚于开始，且不超过 {longest:g} 小时。", f"A shift ends after it begins, at most {longest:g} hours later.", where="ends_at",
            to_do_zh="更长的值班请分成几班。", to_do_en="Arrange several shifts.",
        )  # fmt: skip
    if not 1 <= days <= MOST_REPEATS:
        raise InvalidInput(f"天数应为 1–{MOST_REPEATS}。", f"1 to {MOST_REPEATS} days.", where="days")
    if ends_at <= timezone.now():
        raise InvalidInput("不能补排已经过去的班次。", "A shift that is over cannot be arranged.", where="starts_at")
    if not allows(person, "roster.take_over", post):
        raise InvalidInput(
            f"{person} 不是该单位的联络员，不能在此值班。", f"{person} is no officer of this unit and could not take over here.",
            where="person", to_do_zh="请先由安全管理员授予本单位联络员角色。", to_do_en="Ask the security administrator for the role of an officer of this unit.",
        )  # fmt: skip
    made = []
    for number in range(days):
        begin, end = (_same_clock(each, number) for each in (starts_at, ends_at))
        _demand_free(person, begin, end)
        made.append(Shift(post=post, account=person, starts_at=begin, ends_at=end, arranged_by=account))
    Shift.objects.bulk_create(made)
    audit.note(person=person.username, starts_at=starts_at, ends_at=ends_at, days=days)
    return made


def _same_clock(at: datetime, days: int) -> datetime:
    """The same time of the clock some days later."""
    local = timezone.localtime(at).replace(tzinfo=None) + timedelta(days=days)
    return timezone.make_aware(local)


def _demand_free(person: Account, begin: datetime, end: datetime) -> None:
    """One person is at one post at a time."""
    other = Shift.overlapping(person, begin, end).select_related("post__thing__organisation").first()
    if other is not None:
        when = timezone.localtime(other.starts_at).strftime("%m-%d %H:%M")
        raise Conflict(
            f"{person} 这段时间已有班次（{other.post}，{when} 起）。", f"{person} has a shift then already ({other.post}, from {when}).",
            where="starts_at", to_do_zh="请换人或改时间。", to_do_en="Choose another person or time.",
        )  # fmt: skip


@action("roster.withdraw_shift", "撤销班次", "withdraw a shift", roles=MANAGERS, as_unit=UNIT)
def withdraw_shift(account: Account, shift: Shift, *, reason: str) -> Shift:
    """A shift that has not begun does not count any more; one that runs ends now. What is over stays as it was."""
    now = timezone.now()
    if not reason.strip():
        raise InvalidInput("请写明原因。", "Say why.", where="reason")
    if shift.withdrawn_at is not None or shift.ends_at <= now:
        raise Conflict("该班次已结束或已撤销。", "This shift is over or withdrawn already.", where=str(shift.pk))
    audit.note(person=shift.account.username, starts_at=shift.starts_at, ends_at=shift.ends_at, reason=reason.strip())
    shift.reason = reason.strip()[:300]
    if shift.starts_at < now:
        shift.ends_at = now
    else:
        shift.withdrawn_at = now
    shift.save()
    return shift


# --- hand-over 交接 --------------------------------------------------------------------------------------------------


@action("roster.hand_over", "交班", "hand a shift over", roles=[Role.OFFICER], as_unit=UNIT)
def hand_over(account: Account, post: DutyPost, *, text: str) -> HandoverNote:
    """The outgoing person signs what is still open; "nothing" is an answer too, but it has to be written."""
    if not text.strip():
        raise InvalidInput(
            "请写明未办结事项；没有也要写明。", "Say what is still open; write so where nothing is.", where="text"
        )
    now = timezone.now()
    begun = Shift.counting().filter(post=post, account=account, starts_at__lte=now, note=None)
    shift = begun.order_by("-starts_at").first()
    if shift is None:
        raise Conflict(
            "您在此岗位没有待交的班次。", "There is no shift of yours here to hand over.", where=str(post),
            to_do_zh="只有当班人本人、每班一次可以交班。", to_do_en="Only who is on duty can, and once a shift.",
        )  # fmt: skip
    return HandoverNote.objects.create(post=post, shift=shift, account=account, at=now, text=text.strip())


def open_notes(post: DutyPost) -> list[HandoverNote]:
    """Signed notes that nobody has taken yet, oldest first."""
    return list(HandoverNote.objects.filter(post=post, takings=None).select_related("account"))


def shift_to_take(account: Account, post: DutyPost, at: datetime) -> Shift | None:
    """The account's shift that runs, or begins soon enough, and was not taken over yet."""
    early = _minutes("take_over_early_min", at)
    rows = Shift.counting().filter(post=post, account=account, starts_at__lte=at + early, ends_at__gt=at, taking=None)
    return rows.order_by("starts_at").first()


@action("roster.take_over", "接班", "take a shift over", roles=[Role.OFFICER], as_unit=UNIT)
def take_over(account: Account, post: DutyPost, *, text: str = "") -> TakeOver:
    """The incoming person begins the shift and signs for every note that was left."""
    _demand_living(post)
    now = timezone.now()
    shift = shift_to_take(account, post, now)
    if shift is None:
        raise Conflict(
            "您在此岗位现在没有可接的班次。", "There is no shift of yours here to take over now.", where=str(post),
            to_do_zh="请核对排班；已接的班不用再接。", to_do_en="Look at the roster; a shift is taken over once.",
        )  # fmt: skip
    taken = TakeOver.objects.create(post=post, shift=shift, account=account, at=now, text=text.strip())
    notes = [note for note in open_notes(post) if note.shift_id != shift.pk]
    taken.notes.add(*notes)
    audit.note(notes=len(notes))
    return taken


# --- check 查岗 ------------------------------------------------------------------------------------------------------


@action("roster.check", "查岗", "check a post", roles=MANAGERS, as_unit=UNIT)
def ask_for_answer(account: Account, post: DutyPost, *, question: str = "") -> DutyCheck:
    """Ask whoever is on duty by the roster to answer. Nobody checks themselves."""
    _demand_living(post)
    now = timezone.now()
    shift = Shift.counting().filter(post=post, starts_at__lte=now, ends_at__gt=now).order_by("-starts_at").first()
    if shift is None:
        raise Conflict(
            "该岗位现在无人当班，缺岗已另行报警。", "Nobody is on duty there now: the gap is an alert of its own.", where=str(post),
            to_do_zh="请先排班。", to_do_en="Arrange a shift first.",
        )  # fmt: skip
    if shift.account_id == account.pk:
        raise NotAllowed("不能查自己的岗。", "Nobody checks themselves.", where=str(post))
    if DutyCheck.objects.filter(post=post, result=None).exists():
        raise Conflict(
            "上一次查岗还在等应答。", "The last check still waits for its answer.", where=str(post),
            to_do_zh="请等到应答或时限。", to_do_en="Wait for the answer or the end of its time.",
        )  # fmt: skip
    check = DutyCheck.objects.create(
        post=post, shift=shift, account=shift.account, asked_by=account, asked_at=now, question=question.strip()[:300],
        answer_by=now + _minutes("check_answer_min", now),
    )  # fmt: skip
    by = timezone.localtime(check.answer_by).strftime("%H:%M")
    notify(
        shift.account, (f"查岗：{post}", f"Duty check: {post}"),
        (f"请于 {by} 前应答。{check.question}", f"Please answer by {by}. {check.question}"), about=post,
    )  # fmt: skip
    audit.note(person=shift.account.username, answer_by=check.answer_by)
    return check


@action("roster.answer", "应答查岗", "answer a check", roles=[Role.OFFICER], as_unit=UNIT)
def answer_check(account: Account, check: DutyCheck, *, text: str = "") -> CheckResult:
    """Only who was asked answers, in time and once."""
    now = timezone.now()
    if check.account_id != account.pk:
        raise NotAllowed(
            "查岗只能由被查的当班人本人应答。",
            "Only the person who was asked can answer a check.",
            where=str(check.post),
        )
    if check.outcome is not None or now >= check.answer_by:
        raise Conflict(
            "该次查岗已有结果或已过时限。", "This check has its result, or its time is over.", where=str(check.post),
            to_do_zh="请在案件中说明情况。", to_do_en="Explain it in the case.",
        )  # fmt: skip
    result = CheckResult.objects.create(
        check_asked=check, outcome=CheckResult.Outcome.ANSWERED, at=now, text=text.strip()[:300]
    )
    tell_answered(check, now)
    return result


@on_hand_over
def _move_shifts(leaver: Account, successor: Account) -> int:
    """Shifts that have not begun pass to the successor where that person is free; the others stay and become gaps that are told."""
    moved = 0
    for shift in Shift.objects.filter(account=leaver, withdrawn_at=None, starts_at__gt=timezone.now()):
        if not Shift.overlapping(successor, shift.starts_at, shift.ends_at).exists():
            shift.account = successor
            shift.save(update_fields=["account"])
            moved += 1
    return moved
