"""填报表: a sheet per unit that goes out, is filled in anywhere (Excel, WPS), and comes back; nothing is imported unless confirmed."""

from haihe.packs.plans.fill_in.applying import apply_sheet, hand_in
from haihe.packs.plans.fill_in.marking import release_marked
from haihe.packs.plans.fill_in.writing import release_sheet

__all__ = ["apply_sheet", "hand_in", "release_marked", "release_sheet"]
