"""Targets that could measure themselves, and the auditors' checks."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from haihe.kernel.errors import InvalidInput
from haihe.kernel.indicators import Indicator
from haihe.kernel.language import pick as in_language
from haihe.kernel.language import two
from haihe.kernel.permissions import allows, visible
from haihe.packs.plans import services
from haihe.packs.plans.models import Plan, Target
from haihe.packs.plans.models_supervision import Binding
from haihe.packs.plans.pages.base import pages
from haihe.web.fields import id_in, visible_row
from haihe.web.pages import AccountRequest, go


def chosen_indicator(request: AccountRequest) -> Indicator:
    """The measured indicator that was chosen in a form."""
    found = Indicator.objects.filter(pk=id_in(request.POST.get("indicator")) or 0, retired_at=None).first()
    if found is None:
        raise InvalidInput("请选择测得指标。", "Choose the measured indicator.", where="indicator")
    return found


@pages.page("targets/suggestions/", "suggestions", permission="plan.read", methods=("GET", "POST"))
def suggestions(request: AccountRequest) -> HttpResponse:
    """The whole district: one press binds where one indicator fits; where two claim a target, a person chooses and says why."""
    if request.method == "POST":
        found = visible_row(request.user, Target.objects.select_related("indicator"), request.POST.get("target"))
        indicator = chosen_indicator(request)
        services.bind(request.user, found, indicator=indicator, reason=request.POST.get("reason", ""))
        messages.success(
            request,
            in_language(
                f"“{found}”今后由“{indicator.title}”测得。", f"{found} is measured by {indicator.title} from now on."
            ),
        )
        return go(request, reverse("plans:suggestions"))
    plans = visible(request.user, Plan.objects.filter(replaced_by=None).exclude(filed_at=None))
    bound = visible(request.user, Binding.objects.filter(ended_at=None)).select_related(
        "target__indicator", "target__plan", "indicator", "made_by"
    )
    content = {
        "suggestions": services.suggestions(plans), "bound": bound, "may_bind": allows(request.user, "target.bind"),
        "measured": len(services.measured_indicators()),
    }  # fmt: skip
    return render(request, "plans/suggestions.html", content)


FINDINGS_SHOWN = 100  # of each check; what is mended makes room for the next


@pages.page("plans/audit/", "audit", permission="plan.audit")
def audit(request: AccountRequest) -> HttpResponse:
    found = services.checks(timezone.localdate())
    content = {
        "groups": [(check.key, in_language(*services.CHECKS[check.key]), check.first(FINDINGS_SHOWN), check.number) for check in found],
        "may_open": allows(request.user, "plan.read"),
    }  # fmt: skip
    return render(request, "plans/audit.html", content)


pages.in_nav("suggestions", two("自动测得", "Measuring"), order=24, group="plan", roles=["supervisor"])
pages.in_nav(
    "audit", two("审计检查", "Audit checks"), order=26, group="plan", roles=["supervisor", "viewer", "auditor"]
)
