"""Entries of registers are found by number, title, unit and what stands in their fields."""

from django.utils import translation

from haihe.kernel.registers.models import RegisterEntry
from haihe.kernel.search import searchable


def _text(entry: RegisterEntry) -> str:
    # The choices of a field in Chinese, whatever the language of whoever saves.
    with translation.override("zh-hans"):
        values = [shown for _, shown, _ in entry.labelled() if shown and shown != entry.title]
    return " ".join([entry.words["title_zh"], entry.owner.name, *values])


searchable(RegisterEntry, "登记", "Register entries", text=_text, related=("owner",))
