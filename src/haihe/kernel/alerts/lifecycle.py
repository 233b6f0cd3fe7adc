"""What people do with alerts: acknowledge 受理, handle 处置, end 结束, call a false alarm 误报; suppress; switch rules on and off."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.alerts.models import Alert, RuleStatus, Suppression
from haihe.kernel.alerts.rules import RULES
from haihe.kernel.cases.models import Case, CaseEvent
from haihe.kernel.errors import Conflict, InvalidInput, NotFound
from haihe.kernel.identity import Role
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import action, demand
from haihe.kernel.things import Thing

if TYPE_CHECKING:
    from haihe.kernel.identity import Account

WORKERS = (Role.SUPERVISOR, Role.OFFICER)


def _demand_state(alert: Alert, allowed: tuple[str, ...], step_zh: str, step_en: str) -> None:
    if alert.state not in allowed:
        raise Conflict(
            f"预警{alert.get_state_display()}，不能{step_zh}。", f"The alert is {alert.state}: it cannot be {step_en}.",
            where=str(alert), to_do_zh="请刷新页面查看最新状态。", to_do_en="Reload the page to see how it stands.",
        )  # fmt: skip


def _move(alert: Alert, state: Alert.State, text: str, *, required: bool) -> Alert:
    if required and not text.strip():
        raise InvalidInput("请写明情况。", "Say what was found or done.", where="text")
    audit.note(before=alert.state, after=state.value, text=text.strip())
    alert.state = state
    alert.closed_at = None if state in Alert.OPEN else timezone.now()
    alert.save(update_fields=["state", "closed_at"])
    return alert


@action("alert.acknowledge", "受理预警", "acknowledge an alert", roles=WORKERS)
def acknowledge(account: Account, alert: Alert, *, text: str = "") -> Alert:
    _demand_state(alert, (Alert.State.RAISED,), "受理", "acknowledged")
    return _move(alert, Alert.State.ACKNOWLEDGED, text, required=False)


@action("alert.handle", "处置预警", "handle an alert", roles=WORKERS)
def handle(account: Account, alert: Alert, *, text: str) -> Alert:
    """What was done about it. When the condition comes again afterwards, that is a new alert."""
    _demand_state(alert, Alert.OPEN, "处置", "handled")
    return _move(alert, Alert.State.HANDLED, text, required=True)


@action("alert.false_alarm", "标为误报", "call an alert a false alarm", roles=WORKERS)
def call_false_alarm(account: Account, alert: Alert, *, text: str) -> Alert:
    _demand_state(alert, (*Alert.OPEN, Alert.State.HANDLED), "标为误报", "called a false alarm")
    return _move(alert, Alert.State.FALSE_ALARM, text, required=True)


@action("alert.end", "结束预警", "end an alert", roles=[Role.SUPERVISOR])
def end(account: Account, alert: Alert, *, text: str = "") -> Alert:
    """The supervisor accepts how it was handled."""
    _demand_state(alert, (Alert.State.HANDLED,), "结束", "ended")
    return _move(alert, Alert.State.ENDED, text, required=False)


def follow_case(case: Case, event: CaseEvent) -> None:
    """For case types about alerts (`after_step`): the answered alert counts as handled, the closed case ends it."""
    if case.about_type != Alert._meta.label_lower:
        return
    alert = Alert.objects.select_for_update().filter(pk=case.about_id).first()
    if alert is None or alert.state in (Alert.State.ENDED, Alert.State.FALSE_ALARM):
        return
    state = Alert.State.ENDED if case.closed_at else Alert.State.HANDLED
    if alert.state != state:
        audit.record(event.account, "alert.follow_case", alert, before=alert.state, after=state.value, case=case.number)
        alert.state, alert.closed_at = state, alert.closed_at or timezone.now()
        alert.save(update_fields=["state", "closed_at"])


# --- suppression ----------------------------------------------------------------------------------------------------


@action("alert.suppress", "设置预警屏蔽", "suppress alerts for a time", roles=[Role.SUPERVISOR])
def suppress(
    account: Account, _target: None, *, reason: str, until: datetime, since: datetime | None = None, rule: str = "",
    thing: Thing | None = None, organisation: Organisation | None = None,
) -> Suppression:  # fmt: skip
    """Suppress new alerts of a rule, a thing or a unit's things (or what all of them say together) until an instant."""
    since = since or timezone.now()
    if not (rule or thing or organisation):
        raise InvalidInput("请选择规则、对象或单位，不能屏蔽全部预警。", "Choose a rule, a thing or a unit: not everything at once.", where="rule")  # fmt: skip
    if rule and rule not in RULES:
        raise NotFound(f"没有规则 {rule}。", f"There is no rule {rule!r}.", where=rule)
    if not reason.strip() or until <= since:
        raise InvalidInput(
            "请写明原因，且结束时间晚于开始时间。", "Give a reason, and an end after the beginning.", where="until"
        )
    if organisation is not None or thing is not None:
        demand(account, "alert.suppress", organisation or thing)
    audit.note(
        rule=rule, thing=str(thing or ""), organisation=str(organisation or ""), since=since, until=until, reason=reason
    )
    return Suppression.objects.create(
        rule=rule, thing=thing, organisation=organisation, since=since, until=until, reason=reason.strip(), by=account
    )


@action("alert.revoke_suppression", "撤销预警屏蔽", "revoke a suppression", roles=[Role.SUPERVISOR])
def revoke_suppression(account: Account, window: Suppression) -> Suppression:
    if window.revoked_at:
        raise Conflict("该屏蔽已撤销。", "The suppression is revoked already.", where=window.reason)
    window.revoked_at = timezone.now()
    window.save(update_fields=["revoked_at"])
    return window


# --- rules ----------------------------------------------------------------------------------------------------------


@action("rule.switch", "启用或停用规则", "switch a rule on or off", roles=[Role.SUPERVISOR])
def switch_rule(account: Account, _target: None, *, rule: str, enabled: bool, reason: str) -> RuleStatus:
    """A rule that is off skips what arrives meanwhile and keeps its state; what it missed can be replayed."""
    if rule not in RULES:
        raise NotFound(f"没有规则 {rule}。", f"There is no rule {rule!r}.", where=rule)
    if not reason.strip():
        raise InvalidInput("请写明原因。", "Give a reason.", where="reason")
    status, _ = RuleStatus.objects.select_for_update().get_or_create(rule=rule)
    audit.note(rule=rule, before=status.enabled, after=enabled, reason=reason)
    status.enabled = enabled
    status.save(update_fields=["enabled"])
    return status
