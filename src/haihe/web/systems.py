"""The honest list of named systems, for everybody: the public sees the same list, without the names of plans."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from ninja import Query, Router, Schema

from haihe.kernel.identity import Role
from haihe.kernel.language import pick, two
from haihe.kernel.packs import loaded_packs
from haihe.kernel.permissions import declare
from haihe.kernel.systems import DOMAINS, KINDS, STATUSES, Row, catalogue, list_systems
from haihe.web.api_administration import asker
from haihe.web.paging import page_of
from haihe.web.site import pages

declare("system.read", "查看点名系统", "see the named systems", roles=Role.values)
router = Router(tags=["systems"])
SHOWN = 30
AN_ID = re.compile("(" + "|".join(sorted({key[:3].lower() for key in catalogue()})) + r")(-\d*)?")
COLOURS = {"in use": "green", "available": "blue", "tracked": "plum", "counted": "amber", "missing": ""}
MEANINGS = {
    "in use": two("可用，并且近三十天有本区数据。", "Available, and data of this district arrived within thirty days."),
    "available": two(
        "检查在这一版本上通过：在一个全新的试验城区里，只用公开接口、现场协议或命令行，看到了它该做到的事。",
        "Its check passed with this very version: on a fresh scratch district, through public interfaces only, what it promises was seen.",
    ),
    "tracked": two("不是软件；本区已立项的规划任务在跟踪它。", "Not software; a filed plan of this district follows it."),
    "counted": two("现场设施；本区有登记册在数它。", "Equipment; a register of this district counts it."),
    "missing": two("其余一律算没有：没有检查过、检查没通过，或只在别的版本上通过。", "Everything else: never checked, failed, or passed with another version only."),
}  # fmt: skip


def _chosen(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET.get(name, "").strip()[:80] for name in ("domain", "status", "kind", "pack", "q")}


def _fits(row: Row, chosen: dict[str, str]) -> bool:
    system, q = row.system, chosen["q"].lower()
    facts = {"domain": system.domain, "status": row.status, "kind": system.kind, "pack": row.pack}
    if not all(not chosen[name] or chosen[name] == fact for name, fact in facts.items()):
        return False
    if AN_ID.fullmatch(q):  # "tra" is the transport systems, not every sentence with "traffic" or "contract" in it
        return system.id.lower().startswith(q)
    return q in f"{system.id} {system.name_zh} {system.name_en} {row.asks} {system.check}".lower()


def _by_standing(row: Row) -> tuple[int, bool]:
    """What stands comes first, then what was checked and failed, then the rest, each in the order of the catalogue."""
    return list(STATUSES).index(row.status), row.check is None


def _bars(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One bar a domain: how many stand how, widths in percent of the domain."""
    found = []
    for domain in dict.fromkeys(row.system.domain for row in rows):
        mine = [row for row in rows if row.system.domain == domain]
        counted = Counter(row.status for row in mine)
        parts = [(status, counted[status], 100 * counted[status] / len(mine)) for status in STATUSES]
        there = len(mine) - counted["missing"]
        title = mine[0].system.domain_title
        found.append({"domain": domain, "title": title, "total": len(mine), "there": there, "parts": parts})
    return found


@pages.page("systems/", "systems", public=True)
def systems(request: HttpRequest) -> HttpResponse:
    rows, chosen = list_systems(timezone.now()), _chosen(request)
    fitting = sorted((row for row in rows if _fits(row, chosen)), key=_by_standing)
    page = page_of(request, fitting, SHOWN)
    counted = Counter(row.status for row in rows)
    content = {
        "rows": [_shown(row, request) for row in page], "count": len(fitting), "total": len(rows), "page": page,
        "chosen": chosen, "bars": _bars(rows), "colours": COLOURS, "kinds": KINDS, "packs": sorted({row.pack for row in rows}),
        "domains": [(key, pick(zh, key[0].upper() + key[1:])) for key, zh in DOMAINS.items()],
        "statuses": [{"key": key, "title": title, "colour": COLOURS[key], "count": counted[key], "means": MEANINGS[key], "link": _link({**chosen, "status": key})} for key, title in STATUSES.items()],
        "everything": _link({**chosen, "status": ""}),
    }  # fmt: skip
    return render(request, "web/systems.html", content)


def _link(chosen: dict[str, str]) -> str:
    return "?" + urlencode({k: v for k, v in chosen.items() if v})


def _shown(row: Row, request: HttpRequest) -> dict[str, Any]:
    """A row for the page. What a task of a plan says is not for the public: the plan may not be published."""
    saw = pick(row.saw.zh, row.saw.en) if row.status != "tracked" or request.user.is_authenticated else ""
    installed = row.pack in {pack.pack for pack in loaded_packs()}
    return {
        "row": row, "system": row.system, "status": STATUSES[row.status], "colour": COLOURS[row.status], "why": _why_missing(row), "saw": saw,
        "kind": KINDS[row.system.kind], "installed": installed,
    }  # fmt: skip


def _why_missing(row: Row) -> str:
    """In a few words, for a row that is missing: nothing here could stand for it, or what could was not seen."""
    if row.status != "missing":
        return ""
    if row.system.kind == "track":
        return pick("没有已立项的任务在跟踪", "no filed task follows it")
    if row.system.kind == "field":
        return pick("没有登记册在数", "no register counts it")
    if not row.provided:
        return pick("本版没有提供", "nothing here provides it")
    return "" if row.check else pick("还没有检查", "not checked yet")


# --- for programs -------------------------------------------------------------------------------------------------------


class CheckedOut(Schema):
    version: str
    date: str


class SystemOut(Schema):
    """`status`: in use, available, tracked, counted or missing; `checked`: the newest run of its check, passed or not."""

    id: str
    name_en: str
    name_zh: str
    kind: str
    pack: str
    status: str
    checked: CheckedOut | None
    saw: str


@router.get("/systems", response=list[SystemOut], summary="The named systems, and which of them truly run here")
def list_named_systems(request: HttpRequest, status: str = Query("", max_length=20), domain: str = Query("", max_length=80)) -> list[dict[str, Any]]:  # fmt: skip
    asker(request, "system.read")
    rows = list_systems(timezone.now())
    return [row.as_dict() for row in rows if status in ("", row.status) and domain in ("", row.system.domain)]


pages.in_nav("systems", two("点名系统", "Named systems"), order=60, roles=Role.values)
