"""Alerts are found by rule and by the thing that they are about, such as a plate."""

from django.urls import reverse

from haihe.kernel.alerts.models import Alert
from haihe.kernel.search import searchable

searchable(
    Alert, "告警", "Alerts", title=lambda alert: f"{alert.title_zh} · {alert.thing}", related=("thing", "organisation"),
    text=lambda alert: f"{alert.title_en} {alert.thing.key} {alert.organisation or ''}",
    link=lambda alert: reverse("web:alert", args=[alert.pk]),
)  # fmt: skip
