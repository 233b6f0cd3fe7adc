"""Chinese first, English second: both sentences stand side by side in the source, and the reader's language picks one."""

from django.utils.functional import lazy
from django.utils.translation import get_language


def is_english() -> bool:
    return (get_language() or "zh").startswith("en")


def pick(zh: str, en: str) -> str:
    """The sentence in the language of the running request."""
    return en if is_english() else zh


two = lazy(pick, str)  # as `pick`, decided when shown; for labels of models and titles of pages


def pinyin(words: str) -> list[str]:
    """The syllables of Chinese words without tones: 数据局 → shu, ju, ju."""
    # Loading its dictionary takes half a second, which every process of a district would pay at its start.
    from pypinyin import lazy_pinyin

    return lazy_pinyin(words)
