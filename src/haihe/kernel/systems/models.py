"""What each run of a check saw. Kept: when a system stopped working is worth knowing too."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class SystemCheck(models.Model):
    """One run of one system's check with a version of Haihe. `figures` are those of the sentence; a failed one says why."""

    system = models.CharField("编号", max_length=20)
    version = models.CharField("版本", max_length=40)
    checked_at = models.DateTimeField("检查时间", default=timezone.now)
    passed = models.BooleanField("通过")
    seconds = models.FloatField("用时（秒）")
    saw_zh = models.TextField("所见", blank=True)
    saw_en = models.TextField(blank=True)
    figures = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-checked_at", "-pk"]
        indexes = [models.Index(fields=["system", "-checked_at"])]

    def __str__(self) -> str:
        return f"{self.system} {self.version} {'✓' if self.passed else '✗'}"
