"""Pages of the coordination mechanism: the home of it, meetings, rounds, decisions, members, the yearly ledger, the screen."""

from haihe.packs.coordination.pages.base import pages

from haihe.packs.coordination.pages import home, meetings, rounds, decisions, members, yearly, screen  # isort: skip  (each registers its pages)

__all__ = ["decisions", "home", "meetings", "members", "pages", "rounds", "screen", "yearly"]
