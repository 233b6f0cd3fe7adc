"""The pack's case types: the supervision notice 督办单, a round in the review of a key project 重点项目督查, and what one unit has to
answer in a round of inspection 督查."""

from haihe.kernel.cases import CLOSED, Case, CaseEvent, CaseStep, CaseType, Exit, case_type

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

PROJECT_REVIEW = case_type(
    CaseType(
        name="plans.project_review",
        prefix="XM",
        title_zh="重点项目督查",
        title_en="Review of a key project",
        steps=(
            CaseStep(
                "report", "报告进展", "Report",
                performers=("handler",), limit="plans.review_answer_working_days", remind=("plans.review_remind_working_days",),
                escalate_to=("supervisor",), evidence="text", exits=(Exit("conclude", "提交进展", "Submit the report"),),
            ),
            CaseStep(
                "conclude", "督查审定", "Conclude",
                performers=("supervisor",), limit="plans.review_judge_working_days", remind=("plans.review_remind_working_days",),
                escalate_to=("supervisor",), evidence="text",
                exits=(Exit(CLOSED, "审定", "Conclude the review"), Exit("report", "退回重报", "Send back")),
            ),
        ),
    )
)  # fmt: skip


def _answer_the_rest(case: Case, event: CaseEvent) -> None:
    from haihe.packs.plans.inspections import answer_the_rest

    answer_the_rest(case, event)


INSPECTION = case_type(
    CaseType(
        name="plans.inspection",
        prefix="DC",
        title_zh="督查",
        title_en="Inspection",
        after_step=_answer_the_rest,
        steps=(
            CaseStep(
                "answer", "逐项答复", "Answer each line",
                performers=("handler",), limit="plans.inspect_answer_working_days", remind=("plans.inspect_remind_working_days",),
                escalate_to=("supervisor",), evidence="text", exits=(Exit("judge", "提交答复", "Submit the answers"),),
            ),
            CaseStep(
                "judge", "审定", "Judge",
                performers=("supervisor",), limit="plans.inspect_judge_working_days", remind=("plans.inspect_remind_working_days",),
                exits=(Exit(CLOSED, "认可", "Accept", evidence="text"), Exit("answer", "退回重答", "Send back", evidence="text")),
            ),
        ),
    )
)  # fmt: skip
