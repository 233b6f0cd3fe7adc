from django.utils import timezone

from haihe.kernel.cases import open_case, take_step
from haihe.kernel.evidence import receive
from haihe.testing.case_types import problems
from street_lamps.cases import REPAIR


def test_the_case_type_keeps_the_contract():
    assert problems(REPAIR, timezone.localdate()) == []


def test_a_lamp_is_reported_repaired_sent_back_and_closed(district, account_with):
    reporter, crew = account_with("supervisor"), account_with("officer", district.city)
    case = open_case(reporter, REPAIR.name, "河堤路 12 号灯不亮", district.city)
    for text, decision in (("换灯泡", "repair"), ("换驱动", "closed")):
        case = take_step(crew, case, step="repair", text=text, evidence=[receive("灯.txt", [text.encode()], crew)])
        case = take_step(reporter, case, step="check", to=decision, text="仍不亮" if decision == "repair" else "")
    assert case.closed_at and case.number.startswith("LD-")
