"""The case type of rosters: a gap or an unanswered check that the unit answers for and the unit above reviews."""

from __future__ import annotations

from haihe.kernel.alerts.lifecycle import follow_case
from haihe.kernel.cases import CLOSED, CaseStep, CaseType, Exit, case_type

DUTY = case_type(
    CaseType(
        name="rosters.duty",
        prefix="ZB",
        title_zh="值班处置",
        title_en="Duty roster",
        steps=(
            CaseStep(
                "answer", "单位说明", "The unit answers",
                performers=("handler",), limit="rosters.answer_hours", remind=("rosters.answer_remind_hours",),
                escalate_to=("reviewer", "supervisor"), evidence="text", exits=(Exit("review", "提交说明", "Submit"),),
            ),
            CaseStep(
                "review", "主管审核", "The unit above reviews",
                performers=("reviewer", "supervisor"), limit="rosters.review_hours", escalate_to=("supervisor",),
                exits=(Exit(CLOSED, "审核通过，结案", "Accept and close"), Exit("answer", "退回重办", "Send back", evidence="text")),
            ),
        ),
        after_step=follow_case,
    )
)  # fmt: skip
