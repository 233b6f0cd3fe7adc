"""`/api/v1/coordination`: members, meetings, rounds, decisions, the yearly ledger and the figures of the screen, for programs."""

from haihe.packs.coordination.api.base import router

from haihe.packs.coordination.api import meetings, rounds, decisions, yearly  # isort: skip  (each adds its calls)

__all__ = ["decisions", "meetings", "rounds", "router", "yearly"]
