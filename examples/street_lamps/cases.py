"""A broken lamp: the unit repairs it and shows a photograph, who reported it closes the case or sends it back."""

from haihe.kernel.cases import CLOSED, CaseStep, CaseType, Exit, case_type

REPAIR = case_type(
    CaseType(
        name="street_lamps.repair", prefix="LD", title_zh="路灯报修", title_en="Repair of a street lamp", openers=("supervisor", "officer"),
        steps=(
            CaseStep(
                "repair", "维修", "Repair", performers=("handler",), limit="street_lamps.repair_days", remind=("street_lamps.remind_days",),
                escalate_to=("opener",), evidence="file", exits=(Exit("check", "已修复", "Repaired"),),
            ),
            CaseStep(
                "check", "核实", "Check", performers=("opener", "supervisor"),
                exits=(Exit(CLOSED, "办结", "Close"), Exit("repair", "退回", "Send back", evidence="text")),
            ),
        ),
    )
)  # fmt: skip
