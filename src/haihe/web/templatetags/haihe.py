"""Template words of Haihe: {% t %} for the two languages, {% asset %} for files of ours, numbers and days as people write them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import escape as escaped
from typing import Any

from django import template
from django.conf import settings
from django.core.paginator import Page
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from haihe import __version__
from haihe.kernel.language import is_english, pick, two
from haihe.kernel.permissions import ACTIONS, allows
from haihe.web.pages import NavEntry
from haihe.web.pages import may as _may
from haihe.web.units import in_words

register = template.Library()


@register.simple_tag
def t(zh: str, en: str, **values: Any) -> SafeString:
    """{% t "共 {n} 项" "{n} items" n=count %}: the sentence in the reader's language, values escaped."""
    sentence = pick(zh, en)
    return mark_safe(  # noqa: S308  (every part is escaped)
        escape(sentence).format(**{k: escape(v) for k, v in values.items()}) if values else escape(sentence)
    )


@register.simple_tag
def asset(path: str) -> str:
    """The address of a static file with the version, so that an upgrade is not hidden by a browser's cache."""
    return f"{static(path)}?v={__version__}"


@register.simple_tag
def map_data() -> SafeString:
    """What haihe/map.js has to know of the district's map, as attributes of the element that shows it."""
    from haihe.web.maps import base_map

    return format_html(
        'data-worker="{}" data-base="{}" data-bounds="{}" data-tiles="{}"',
        asset("vendor/maplibre-gl-worker.mjs"), reverse("web:base_map"), json.dumps(base_map()[1]), settings.TILES,
    )  # fmt: skip


@register.simple_tag
def options(rows: Iterable[tuple[Any, Any]], chosen: Any = None) -> SafeString:
    """{% options plans chosen.pk %}: the options of a select from (value, text), in one go where there may be a thousand of them."""
    wanted = str(chosen)
    # Django's own escape and format_html take twenty times as long for each of them.
    lines = (
        f'<option value="{escaped(value)}"{" selected" if value == wanted else ""}>{escaped(text)}</option>'
        for value, text in ((str(value), str(text)) for value, text in rows)
    )
    return mark_safe("".join(lines))  # noqa: S308  (every part is escaped)


@register.filter
def number(value: Any) -> str:
    """1234567.50 → 1,234,567.5; nothing for None."""
    if value is None or value == "":
        return ""
    exact = Decimal(str(value))
    if exact == exact.to_integral_value():
        return f"{int(exact):,}"
    return f"{exact.normalize():,f}"


@register.filter
def day(value: date | datetime | None) -> str:
    """2026年11月24日 or 24 Nov 2026."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = timezone.localtime(value).date()
    return value.strftime("%-d %b %Y") if is_english() else f"{value.year}年{value.month}月{value.day}日"


@register.filter
def instant(value: datetime | None) -> str:
    """2026-11-24 16:05 in the district's time zone."""
    return timezone.localtime(value).strftime("%Y-%m-%d %H:%M") if value else ""


@register.filter
def clock(value: datetime | None) -> str:
    """16:05:07 in the district's time zone."""
    return timezone.localtime(value).strftime("%H:%M:%S") if value else ""


@register.filter
def duration(value: timedelta | None) -> str:
    """2 小时 5 分, 40 秒, 2 h 5 min."""
    if value is None:
        return ""
    seconds = round(value.total_seconds())
    if seconds < 60:
        return pick(f"{seconds} 秒", f"{seconds} s")
    hours, minutes = divmod(round(seconds / 60), 60)
    parts = [pick(f"{hours} 小时", f"{hours} h")] if hours else []
    return " ".join([*parts, pick(f"{minutes} 分", f"{minutes} min")] if minutes or not hours else parts)


@register.filter
def unit(name: str) -> str:
    return in_words(name)


@register.filter
def get(mapping: dict[Any, Any], key: Any) -> Any:
    return mapping.get(key)


@register.simple_tag(takes_context=True)
def can(context: template.Context, action: str, target: Any = None) -> bool:
    """{% can "task.accept" task as ok %}: whether the reader may do it (on this object)."""
    account = context.get("account")
    return allows(account, action, target) if target is not None else _may(account, action)


@register.simple_tag(takes_context=True)
def nav_count(context: template.Context, entry: NavEntry) -> int:
    """{% nav_count entry as n %}: how much waits behind a line of the navigation."""
    account = context.get("account")
    return entry.count(account) if entry.count and account else 0


@register.inclusion_tag("web/pager.html", takes_context=True)
def pager(
    context: template.Context, page: Page[Any], name: str = "page", to: str = "", part: str = ""
) -> dict[str, Any]:
    """{% pager page %}: where a list goes on. `to` and `part` where its page is another one, or only a part of it."""
    asked = context["request"].GET.copy()

    def link(number: int) -> str:
        asked[name] = str(number)
        return f"{to}?{asked.urlencode()}{part}"

    before = link(page.previous_page_number()) if page.has_previous() else ""
    return {"page": page, "before": before, "after": link(page.next_page_number()) if page.has_next() else ""}


# Records that no action writes: signing in and what the system does by itself.
_OTHER_RECORDS = {
    "sign_in": two("登录", "sign in"), "sign_in.refused": two("登录被拒", "sign-in refused"), "sign_out": two("退出", "sign out"),
    "account.change_password": two("修改密码", "change the password"), "token.issue": two("生成令牌", "issue a token"),
    "account.first_administrator": two("建立首个管理员", "make the first administrator"), "task.remind": two("系统提醒", "reminder by the system"),
    "case.remind": two("到期提醒", "case due soon"), "case.escalate": two("逾期上报", "case overdue"), "coordination.remind": two("系统提醒", "reminder by the system"),
    "roster.gap": two("值班缺岗", "gap in a roster"), "roster.gap_over": two("缺岗已补", "gap in a roster filled"), "roster.unanswered": two("查岗无应答", "duty check without an answer"),
    "map.read": two("查看车辆地图", "open the map of vehicles"),
    "target.revise": two("指标随文件修订", "target revised with its document"), "indicator.measure": two("系统测得数值", "value measured"),
    "indicator.offer": two("系统登记指标口径", "definition of an indicator offered"), "indicator.fail": two("指标测算失败", "measure fails"),
    "indicator.works_again": two("指标测算恢复", "measure works again"),
}  # fmt: skip


@register.filter
def action_title(name: str) -> str:
    """A record's action as a person says it; its own name where nobody gave it words."""
    known = ACTIONS.get(name)
    return pick(known.title_zh, known.title_en) if known else str(_OTHER_RECORDS.get(name, name))


@register.filter
def pairs(details: Any) -> list[tuple[str, str]]:
    """A record's details as (key, value) lines; lists of files become their names with the hash."""
    if not isinstance(details, dict):
        return [("", str(details))] if details else []
    return [(str(key), _flat(value)) for key, value in details.items() if value not in (None, "", [], {})]


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(_flat(each) for each in value.values())
    if isinstance(value, list):
        return "；".join(_flat(each) for each in value)
    return str(value)
