"""The pack's case type: the supervision notice 督办单."""

from haihe.kernel.cases import CLOSED, CaseStep, CaseType, Exit, case_type

SUPERVISION_NOTICE = case_type(
    CaseType(
        name="plans.supervision_notice",
        prefix="DB",
        title_zh="督办单",
        title_en="Supervision notice",
        openers=("supervisor",),
        steps=(
            CaseStep(
                "answer", "答复", "Answer",
                performers=("handler",), limit="plans.chase_answer_working_days", remind=("plans.chase_remind_working_days",),
                escalate_to=("supervisor",), evidence="text", exits=(Exit("review", "提交答复", "Submit the answer"),),
            ),
            CaseStep(
                "review", "审核", "Review",
                performers=("supervisor",), limit="plans.chase_review_working_days", remind=("plans.chase_remind_working_days",),
                exits=(Exit(CLOSED, "同意销号", "Accept and close"), Exit("answer", "退回重答", "Send back", evidence="text")),
            ),
        ),
    )
)  # fmt: skip
