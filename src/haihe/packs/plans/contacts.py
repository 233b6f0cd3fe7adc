"""Contacts of units with firms, logged: whom, when, about what, what came of it."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import InvalidInput, NotAllowed
from haihe.kernel.identity import Account, Role
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import action, role_paths, unit_paths
from haihe.packs.plans.models import Task
from haihe.packs.plans.models_supervision import Contact


@action("contact.log", "登记企业联络", "log a contact with a firm", roles=[Role.SUPERVISOR, Role.OFFICER])
def log_contact(
    account: Account, organisation: Organisation, *, firm: str, kind: str, on: date, subject: str, result: str = "",
    task: Task | None = None,
) -> Contact:  # fmt: skip
    """`organisation` is the unit that had the contact: an officer's own. Firms are written down, persons are not."""
    _demand_own(account, organisation)
    if not firm.strip() or not subject.strip():
        raise InvalidInput(
            "请填写企业和事由。", "Name the firm and the matter.", where="firm" if not firm.strip() else "subject"
        )
    if kind not in Contact.Kind.values:
        raise InvalidInput("请选择联络方式。", "Choose the kind of contact.", where="kind")
    if on > timezone.localdate():
        raise InvalidInput("联络日期不能晚于今天。", "The day of a contact cannot lie in the future.", where="on")
    audit.note(firm=firm.strip(), kind=kind, on=on, subject=subject.strip())
    return Contact.objects.create(
        organisation=organisation, firm=firm.strip()[:120], kind=kind, on=on, subject=subject.strip()[:300],
        result=result.strip(), task=task, by=account,
    )  # fmt: skip


def _demand_own(account: Account, organisation: Organisation) -> None:
    """An officer logs what the own unit did, a supervisor what any unit in the own scope did."""
    paths = [*role_paths(account, Role.SUPERVISOR), *unit_paths(account)]
    if not any(organisation.path.startswith(path) for path in paths):
        raise NotAllowed(
            "只能登记本单位的联络。", "Contacts of your own unit only.", where=organisation.name,
            to_do_zh="请由该单位的联络员登记。", to_do_en="An officer of that unit logs it.",
        )  # fmt: skip
