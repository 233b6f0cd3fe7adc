"""The pack's case types: an alert about a vehicle that its carrier answers and the duty officer reviews, a warning before a limit is
reached, which the carrier handles at once, and work that is given to a carrier."""

from __future__ import annotations

from haihe.kernel.alerts.lifecycle import follow_case
from haihe.kernel.cases import CLOSED, DUE_DATE, CaseStep, CaseType, Exit, case_type

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

WARNING = case_type(
    CaseType(
        name="transport.warning",
        prefix="TX",
        title_zh="车辆提前预警处置",
        title_en="Warning about a vehicle",
        steps=(
            CaseStep(
                "answer", "第一时间处置", "The carrier acts at once",
                performers=("handler",), limit="transport.warning_answer_hours", escalate_to=("reviewer", "supervisor"), evidence="text",
                exits=(Exit(CLOSED, "已提醒驾驶人，办结", "The driver was told: close"),),
            ),
        ),
    )
)  # fmt: skip

WORK = case_type(
    CaseType(
        name="transport.work",
        prefix="GZ",
        title_zh="企业工作部署",
        title_en="Work given to a carrier",
        openers=("supervisor", "officer"),
        steps=(
            CaseStep(
                "reply", "企业报送", "The carrier reports",
                performers=("handler",), limit=DUE_DATE, remind=("transport.work_remind_hours",), escalate_to=("reviewer", "supervisor"),
                evidence="text", exits=(Exit("check", "报送完成情况", "Report what was done"),),
            ),
            CaseStep(
                "check", "部门核查", "The department checks",
                performers=("reviewer", "supervisor"), limit="transport.work_check_hours", escalate_to=("supervisor",),
                exits=(Exit(CLOSED, "核查通过，办结", "Accept and close"), Exit("reply", "退回补报", "Send back", evidence="text")),
            ),
        ),
    )
)  # fmt: skip
