"""Comparing two plans and checking one: pure functions over the reading model. No Django, no network, no model."""

from __future__ import annotations

from haihe.packs.plans.comparing.check import check_bundle
from haihe.packs.plans.comparing.compare import compare
from haihe.packs.plans.comparing.paper import Paper, papers_of

__all__ = ["Paper", "check_bundle", "compare", "papers_of"]
