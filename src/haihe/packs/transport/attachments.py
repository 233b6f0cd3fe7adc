"""Attachments of an active-safety alert: asked for from the alert, and how far their upload is.

The alert's evidence names the alarm as the terminal did (terminal, time, number, how many attachments); the order to upload carries that
name, and what arrives is kept as reports of the vehicle under it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from haihe import settings
from haihe.kernel.alerts.models import Alert
from haihe.kernel.errors import Conflict, NotFound
from haihe.kernel.feeds.commands import Command
from haihe.kernel.feeds.feed import all_feeds, ports_of
from haihe.kernel.identity import Account
from haihe.packs.transport.models import Report, Vehicle
from haihe.packs.transport.orders.sending import give_order, may_order
from haihe.packs.transport.orders.table import ORDERS

ORDER, RULE, FEED = "attachments", "transport.active_safety", "jt808_files"
MOST = 32  # of one alarm


@dataclass
class Upload:
    """How far it is. `announced`: files that the terminal says the alarm has; `orders`: those that asked for them, newest first;
    `received`: their reports; `port`: on which files are received, None where that is switched off."""

    vehicle: Vehicle
    announced: int
    orders: list[Command] = field(default_factory=list)
    received: list[Report] = field(default_factory=list)
    port: int | None = None
    address: str = ""
    may_ask: bool = False

    @property
    def is_complete(self) -> bool:
        return self.announced > 0 and len(self.received) >= self.announced


def alarm_of(alert: Alert) -> dict[str, Any] | None:
    """The alarm as the order names it; None where the alert is none of a terminal's alarms, or the alarm has no attachments."""
    said = alert.evidence
    if (
        alert.rule != RULE
        or not said.get("alarm_terminal")
        or not said.get("alarm_time")
        or not said.get("attachments")
    ):
        return None
    return {"alarm_terminal": said["alarm_terminal"], "alarm_time": said["alarm_time"], "number": int(said.get("alarm_number") or 0)}  # fmt: skip


def upload_of(account: Account, alert: Alert) -> Upload | None:
    """How far the upload of an alert's attachments is; None where it has none. The caller has asked whether the alert may be seen."""
    alarm, vehicle = alarm_of(alert), Vehicle.objects.filter(thing=alert.thing_id).first()
    if alarm is None or vehicle is None:
        return None
    ordered = {f"content__values__{name}": value for name, value in alarm.items()}
    kept = {f"content__alarm__{name}": value for name, value in alarm.items()}
    return Upload(
        vehicle,
        announced=min(int(alert.evidence["attachments"]), MOST),
        orders=list(Command.objects.filter(thing=alert.thing_id, kind=ORDER, **ordered).select_related("by").order_by("-pk")[:5]),
        received=list(Report.objects.filter(vehicle=vehicle, **kept).select_related("file").order_by("pk")),
        port=ports_of(all_feeds(), settings.value_of("HAIHE_FEED_PORTS")).get(FEED),
        address=settings.value_of("HAIHE_FEED_ADDRESS"),
        may_ask=may_order(account, vehicle, ORDERS[ORDER]),
    )  # fmt: skip


def ask_for_attachments(account: Account, alert: Alert, *, reason: str, address: str = "") -> Command:
    """Order the terminal to upload an alert's attachments to this district: recorded with its reason, as any guarded order. `address`:
    under which terminals reach the gateway, where that is not the setting's. Conflict where nothing receives files."""
    upload, alarm = upload_of(account, alert), alarm_of(alert)
    if upload is None or alarm is None:
        raise NotFound("这条预警没有可上传的附件。", "This alert has no attachments.", where=str(alert.pk))
    if upload.port is None:
        raise Conflict(
            "附件端口未开启，终端无处上传。", "No port receives attachments: the terminal has nowhere to send them.", where="HAIHE_FEED_PORTS",
            to_do_zh=f"请设置 HAIHE_FEED_PORTS={FEED}=7612 后重启网关。", to_do_en=f"Set HAIHE_FEED_PORTS={FEED}=7612 and start the gateway again.",
        )  # fmt: skip
    values = {**alarm, "attachments": upload.announced, "address": address.strip() or upload.address, "tcp_port": upload.port}  # fmt: skip
    return give_order(account, upload.vehicle, order=ORDER, values=values, reason=reason)
