"""Search over everything: a pack's `search.py` declares what can be found with one call of `searchable` a model."""

from haihe.kernel.search.finding import Found, Group, matching, search, search_kind
from haihe.kernel.search.indexing import index, rebuild, repair
from haihe.kernel.search.kinds import KINDS, Searchable, searchable

__all__ = [
    "KINDS",
    "Found",
    "Group",
    "Searchable",
    "index",
    "matching",
    "rebuild",
    "repair",
    "search",
    "search_kind",
    "searchable",
]
