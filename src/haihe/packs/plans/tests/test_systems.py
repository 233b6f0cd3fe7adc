"""Which named systems a filed plan follows."""

from __future__ import annotations

from typing import Any

from haihe.kernel.identity import Role
from haihe.packs.plans import services
from haihe.packs.plans.systems import followed
from haihe.packs.plans.tests.conftest import make_plan, task


def test_only_what_a_filed_plan_names_is_followed(district: Any, account_with: Any, db: None) -> None:
    """Quotation marks do not matter; a plan that is not filed follows nothing."""
    supervisor = account_with(Role.SUPERVISOR)
    clauses = [
        ("task", task(5, "建设首席数据官制度", ("区数据局", "lead"))),
        ("task", task(6, "推进雪亮工程", ("区数据局", "lead"))),
    ]
    plan = make_plan(supervisor, clauses)
    assert "DAT-12" not in followed(plan.imported_at)
    services.file_plan(supervisor, plan)
    found = followed(plan.imported_at)
    assert set(found) == {"DAT-12"}, "SEN-01 is software: it must run, not be followed"
    assert str(plan) in found["DAT-12"].zh and "5" in found["DAT-12"].en
