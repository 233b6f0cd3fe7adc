"""Units are declared in one word and written by pages in the reader's language."""

from __future__ import annotations

from django.utils import translation

from haihe.kernel.alerts.rules import RULES
from haihe.kernel.policies import all_parameters
from haihe.web.units import in_words


def test_units_follow_the_language_and_symbols_do_not() -> None:
    with translation.override("zh-hans"):
        assert [in_words(unit) for unit in ("min", "jumps", "km/h", "")] == ["分钟", "次", "km/h", ""]
    with translation.override("en"):
        assert [in_words(unit) for unit in ("min", "jumps", "km/h", "")] == ["min", "jumps", "km/h", ""]


def test_no_rule_or_parameter_declares_a_unit_in_one_language_only() -> None:
    units = {rule.unit for rule in RULES.values()} | {parameter.unit for parameter in all_parameters().values()}
    assert len(units) > 5 and [unit for unit in units if not unit.isascii()] == []
