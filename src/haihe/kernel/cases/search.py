"""Cases are found by number, subject, text and what they are about."""

from haihe.kernel.cases.models import Case
from haihe.kernel.search import searchable

searchable(Case, "案件", "Cases", title=str, text=lambda case: f"{case.type_title_zh} {case.about_title} {case.text}")
