"""Posts are found by name and unit."""

from haihe.kernel.rosters.models import DutyPost
from haihe.kernel.search import searchable

searchable(
    DutyPost, "值班岗位", "Duty posts", related=("thing__organisation",), text=lambda post: post.organisation.name
)
