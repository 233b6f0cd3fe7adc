"""The pack's case type: an alert about a vehicle that its carrier answers and the duty officer reviews."""

from __future__ import annotations

from haihe.kernel.alerts.lifecycle import follow_case
from haihe.kernel.cases import CLOSED, CaseStep, CaseType, Exit, case_type

ALERT = case_type(
    CaseType(
        name="transport.alert",
        prefix="YJ",
        title_zh="车辆预警处置",
        title_en="Alert about a vehicle",
        steps=(
            CaseStep(
                "answer", "企业处置", "The carrier answers",
                performers=("handler",), limit="transport.alert_answer_hours", remind=("transport.alert_remind_hours",),
                escalate_to=("reviewer", "supervisor"), evidence="file", exits=(Exit("review", "提交处置结果", "Submit what was done"),),
            ),
            CaseStep(
                "review", "值班审核", "The duty officer reviews",
                performers=("reviewer", "supervisor"), limit="transport.alert_review_hours", escalate_to=("supervisor",),
                exits=(Exit(CLOSED, "审核通过，结案", "Accept and close"), Exit("answer", "退回重办", "Send back", evidence="text")),
            ),
        ),
        after_step=follow_case,
    )
)  # fmt: skip
