"""`/api/v1/transport`: carriers, vehicles, latest positions, a day's track and orders to terminals, for programs. Each call is the same
action as on the pages."""

from haihe.packs.transport.api.base import router

from haihe.packs.transport.api import fleet, carriers, positions, orders, reports, attachments, areas, spot_checks  # isort: skip  (each adds its calls, in this order)

__all__ = ["areas", "attachments", "carriers", "fleet", "orders", "positions", "reports", "router", "spot_checks"]
