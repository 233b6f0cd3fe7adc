"""The pack's case type: a decision 议定事项 that a unit accepts, carries out by its day, and somebody else confirms."""

from haihe.kernel.cases import CLOSED, DUE_DATE, CaseStep, CaseType, Exit, case_type

DECISION = case_type(
    CaseType(
        name="coordination.decision",
        prefix="YD",
        title_zh="议定事项",
        title_en="Decision",
        openers=("supervisor",),
        steps=(
            CaseStep(
                "accept", "签收", "Accept",
                performers=("handler",), limit="coordination.accept_working_days", remind=("coordination.accept_remind_working_days",),
                escalate_to=("supervisor",), exits=(Exit("carry_out", "签收", "Accept"),),
            ),
            CaseStep(
                "carry_out", "办理", "Carry out",
                performers=("handler",), limit=DUE_DATE, remind=("coordination.remind_working_days",), escalate_to=("supervisor",),
                evidence="file", exits=(Exit("confirm", "报告办理结果", "Report the result"),),
            ),
            CaseStep(
                "confirm", "确认", "Confirm",
                performers=("reviewer", "supervisor"), limit="coordination.confirm_working_days", escalate_to=("supervisor",),
                exits=(Exit(CLOSED, "确认办结", "Confirm and close"), Exit("carry_out", "退回续办", "Send back", evidence="text")),
            ),
        ),
    )
)  # fmt: skip
