"""Meetings are found by title, agenda and approved minutes; decisions by what was decided and for whom; rounds by what was asked.
Notes of single units and drafts are not in the index."""

from __future__ import annotations

from haihe.kernel.search import searchable
from haihe.packs.coordination.models import AgendaItem, Decision, Meeting, Minutes, Round


def _meeting(meeting: Meeting) -> str:
    minutes = max(meeting.versions.all(), key=lambda each: each.version, default=None)
    return " ".join([meeting.place, *(item.title for item in meeting.agenda.all()), minutes.text if minutes else ""])


searchable(
    Meeting, "会议", "Meetings", text=_meeting, prefetched=("agenda", "versions"),
    also={AgendaItem: lambda item: [item.meeting_id], Minutes: lambda minutes: [minutes.meeting_id]},
)  # fmt: skip
searchable(
    Decision, "议定事项", "Decisions", related=("organisation", "meeting", "problem__note__round"),
    text=lambda decision: f"{decision.organisation.name} {decision.meeting or (decision.problem.note.round if decision.problem else '')}",
)  # fmt: skip
searchable(Round, "情况专报", "Rounds of notes", text=lambda round_: round_.asked)
