"""Registers: every register gets its list, entry page and forms from here, without code of its own.

A pack's pages.py says `pages = register_pages("scenarios", order=34)` to stand in the navigation. Entries of a register whose pack is
gone stay readable here by the words that they carry."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from haihe.kernel.errors import Conflict, HaiheError, NotFound
from haihe.kernel.evidence import receiving
from haihe.kernel.identity import Account, Role
from haihe.kernel.indicators import Indicator
from haihe.kernel.language import pick, two
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import allows, demand, roles_of, visible
from haihe.kernel.places import Place
from haihe.kernel.registers import (
    COUNTS,
    REGISTERS,
    Field,
    Register,
    RegisterEntry,
    change_entry,
    get_register,
    hand_in,
    may_change,
    may_review,
    open_entry,
    review,
    steps_for,
    take_back,
    waiting_for_review,
    withdraw_entry,
)
from haihe.kernel.registers.counting import unit_with_note
from haihe.web.fields import id_in, row_or_none, visible_row
from haihe.web.middleware import answer_to
from haihe.web.pages import AccountRequest, Pages, View, go
from haihe.web.paging import page_of

pages = Pages("registers")
ROWS_A_PAGE = 50
READERS = (Role.SUPERVISOR, Role.VIEWER, Role.OFFICER)
GREY = "#c3ccd5"


def _seen(account: Account) -> QuerySet[RegisterEntry]:
    return visible(account, RegisterEntry.objects.select_related("owner", "reviewer"))


def number_waiting(account: Account) -> int:
    """How many entries wait for the account's review, for the navigation."""
    return len(waiting_for_review(account, _seen(account).exclude(pending="")))


def may_register(account: Account) -> bool:
    return bool(roles_of(account) & {Role.SUPERVISOR, Role.OFFICER})


# --- all registers, one register --------------------------------------------------------------------------------------


@pages.page("registers/", "registers", permission="register.read")
def registers(request: AccountRequest) -> HttpResponse:
    seen = _seen(request.user)
    waiting = waiting_for_review(request.user, seen.exclude(pending=""))
    found = [_summary(request.user, key) for key in _known_keys(seen)]
    return render(request, "web/registers.html", {"registers": found, "waiting": waiting})


def _known_keys(seen: QuerySet[RegisterEntry]) -> list[str]:
    kept = set(seen.order_by().values_list("register", flat=True).distinct())
    return [*REGISTERS, *sorted(kept - set(REGISTERS))]


def _summary(account: Account, key: str) -> dict[str, Any]:
    """Title, numbers by state and the numbers that are counted from it. The words of a register without its pack are those of its
    newest entry."""
    known = REGISTERS.get(key)
    rows = _seen(account).filter(register=key)
    if known is None:
        newest = rows.first()
        if newest is None:
            raise NotFound("没有这个登记册。", "There is no such register.", where=key[:60])
        words, title, about = newest.words, newest.register_title, ""
    else:
        words, title, about = known.words(), known.title(), pick(known.about_zh, known.about_en)
    return {
        "key": key, "title": title, "about": about, "pack_is_gone": known is None, "bar": _bar(rows, words, known), "total": rows.filter(withdrawn=False).count(),
        "figures": _figures(key), "may_open": known is not None and may_register(account),
    }  # fmt: skip


def _bar(rows: QuerySet[RegisterEntry], words: dict[str, Any], known: type[Register] | None) -> list[dict[str, Any]]:
    """The states in their order with how many entries stand at each and what share of all that is, in percent."""
    states = list(rows.filter(withdrawn=False).order_by().values_list("state", flat=True))
    colours = {s.key: s.colour for s in known.states} if known else {}
    return [
        {
            "key": s["key"], "title": pick(s["title_zh"], s["title_en"]), "count": states.count(s["key"]), "colour": colours.get(s["key"], GREY),
            "share": round(100 * states.count(s["key"]) / len(states), 2) if states else 0, "counts": s["counts"],
        }
        for s in words["states"]
    ]  # fmt: skip


def _figures(key: str) -> list[dict[str, Any]]:
    """The numbers counted from a register, as they are this moment."""
    from haihe.kernel.indicators import OFFERED

    now = timezone.now()
    rows = {i.key: i.pk for i in Indicator.objects.filter(key__in=COUNTS)}
    return [
        {
            "title": pick(OFFERED[name].title_zh, OFFERED[name].title_en), "unit": OFFERED[name].unit, "value": count.value_at(now),
            "pk": rows.get(name),
        }
        for name, count in COUNTS.items() if count.register == key and name in OFFERED
    ]  # fmt: skip


def _list(request: AccountRequest, key: str) -> HttpResponse:
    shown, words = request.GET.get("state", "")[:40], request.GET.get("q", "").strip()[:60]
    rows = _seen(request.user).filter(register=key)
    summary = _summary(request.user, key)
    waiting = waiting_for_review(request.user, rows.exclude(pending=""))
    if words:
        rows = rows.filter(
            Q(title__icontains=words) | Q(number__icontains=words) | Q(owner__name__icontains=words) | Q(owner__short_name__icontains=words)
        )  # fmt: skip
    chosen: Any = {
        "": lambda: rows.filter(withdrawn=False), "withdrawn": lambda: rows.filter(withdrawn=True), "waiting": lambda: rows.filter(pk__in=[e.pk for e in waiting]),
        "pending": lambda: rows.exclude(pending=""),
    }.get(shown, lambda: rows.filter(state=shown, withdrawn=False))()  # fmt: skip
    # What waits comes first, the longest waiting at the top.
    chosen = chosen.order_by(F("handed_in_at").asc(nulls_last=True), "-changed_at", "-pk")
    page = page_of(request, chosen, ROWS_A_PAGE)
    today = timezone.localdate()
    content = {
        **summary, "page": page, "rows": [{"entry": e, "unit": unit_with_note(e.owner, today)} for e in page], "shown": shown, "q": words,
        "waiting": waiting, "pending": _seen(request.user).filter(register=key).exclude(pending="").count(),
    }  # fmt: skip
    return render(request, "web/register_list.html", content)


@pages.page("registers/<str:key>/", "register", permission="register.read")
def register(request: AccountRequest, key: str) -> HttpResponse:
    return _list(request, key)


def register_pages(key: str, *, title: str, order: int) -> Pages:
    """The pages of a pack that is nothing but a register: its list under the register's own name, in the navigation as `title`."""
    own = Pages(key)
    get_register(key)

    def listed(request: AccountRequest) -> HttpResponse:
        return _list(request, key)

    view: View = listed
    own.page(f"{key}/", "list", permission="register.read")(view)
    own.in_nav("list", title, order=order, group="registers", roles=READERS)
    return own


# --- one entry --------------------------------------------------------------------------------------------------------


@pages.page("registers/entries/<int:pk>/", "entry", permission="register.read")
def entry_page(request: AccountRequest, pk: int) -> HttpResponse:
    entry: RegisterEntry = visible_row(
        request.user, RegisterEntry.objects.select_related("owner", "reviewer", "place"), pk
    )
    known, today = REGISTERS.get(entry.register), timezone.localdate()
    events = list(entry.events.select_related("account", "organisation").prefetch_related("evidence").order_by("-pk"))
    for event in events:
        event.entry = entry
    content = {
        "entry": entry, "labelled": [row for row in entry.labelled() if row[1]], "events": events, "way": _way(entry), "known": known,
        "unit": unit_with_note(entry.owner, today), "reviewer": unit_with_note(entry.reviewer, today) if entry.reviewer else "",
        "steps": steps_for(request.user, entry), "may_change": known is not None and may_change(request.user, entry),
        "may_review": known is not None and may_review(request.user, entry), "review_fields": _inputs(entry.values, _review_fields(entry)),
        "proposed": _proposed(entry), "may_take_back": bool(entry.pending) and allows(request.user, "entry.take_back", entry),
        "may_withdraw": not entry.withdrawn and allows(request.user, "entry.withdraw", entry),
        "handed_in": next((e for e in events if e.kind == "handed_in"), None) if entry.pending else None,
    }  # fmt: skip
    return render(request, "web/register_entry.html", content)


def _way(entry: RegisterEntry) -> list[dict[str, Any]]:
    """The states in their order: those passed, the present one, those to come."""
    keys = [s["key"] for s in entry.words["states"]]
    at = keys.index(entry.state) if entry.state in keys else -1
    return [
        {"title": pick(s["title_zh"], s["title_en"]), "done": n < at, "now": n == at}
        for n, s in enumerate(entry.words["states"])
    ]


def _review_fields(entry: RegisterEntry) -> list[Field]:
    """What the reviewer fills in when accepting the step that waits."""
    known = REGISTERS.get(entry.register)
    step = known.find_step(entry.pending) if known else None
    return [f for f in known.fields if f.by_reviewer and f.key in step.demands] if known and step else []


def _proposed(entry: RegisterEntry) -> list[tuple[str, str, str]]:
    """(field, present value, proposed value) of a change that waits."""
    new = entry.labelled({**entry.values, **entry.pending_values})
    old = {f["key"]: value for _, value, f in entry.labelled()}
    return [(title, old[f["key"]], value) for title, value, f in new if f["key"] in entry.pending_values]


# --- forms ------------------------------------------------------------------------------------------------------------


def _inputs(values: dict[str, Any], fields: list[Field], register_key: str = "") -> list[dict[str, Any]]:
    """What the template needs to draw the fields: field, what stands in it, choices."""
    return [{"field": f, "value": _written(values.get(f.key)), "hint": _hint(f), "choices": _choices(f), "suggestions": _suggestions(f, register_key)} for f in fields]  # fmt: skip


def _written(value: Any) -> Any:
    return value.get("id") if isinstance(value, dict) else "" if value is None else value


def _hint(field: Field) -> str:
    has_range = field.type == "number" and (field.minimum is not None or field.maximum is not None)
    return " · ".join(
        filter(None, [pick(field.hint_zh, field.hint_en), field.range_words() if has_range else "", field.source])
    )


def _choices(field: Field) -> list[tuple[Any, str]]:
    if field.type == "choice":
        return [(key, pick(zh, en)) for key, zh, en in field.choices]
    if field.type == "unit":
        return list(Organisation.objects.filter(until=None).values_list("pk", "name"))
    if field.type == "place":
        return list(Place.objects.filter(retired_at=None).values_list("pk", "name"))
    return []


def _suggestions(field: Field, register_key: str) -> list[str]:
    if not (field.suggest and register_key):
        return []
    rows = RegisterEntry.objects.filter(register=register_key, withdrawn=False).values_list(
        f"values__{field.key}", flat=True
    )
    return sorted({str(value) for value in rows if value})


def _own_fields(known: type[Register]) -> list[Field]:
    return [f for f in known.fields if not f.by_reviewer]


def _owners(account: Account) -> list[Organisation]:
    """The units for which the account may register."""
    rows = visible(account, Organisation.objects.filter(until=None))
    return [unit for unit in rows if allows(account, "entry.open", unit)]


def _given(request: AccountRequest, fields: list[Field]) -> dict[str, str]:
    return {f.key: request.POST[f.key] for f in fields if f.key in request.POST}


@pages.page("registers/<str:key>/new/", "new", permission="entry.open", methods=("GET", "POST"))
def new(request: AccountRequest, key: str) -> HttpResponse:
    known = get_register(key)
    fields = _own_fields(known)
    if request.method == "POST":
        owner = visible_row(request.user, Organisation.objects.filter(until=None), request.POST.get("owner"))
        reviewer = row_or_none(request.user, Organisation.objects.filter(until=None), request.POST.get("reviewer"))
        entry = open_entry(
            request.user, None, register=key, owner=owner, reviewer=reviewer, values=_given(request, fields)
        )
        return go(request, entry.get_absolute_url())
    last = (
        RegisterEntry.objects.filter(register=key, reviewer__until=None).exclude(reviewer=None).order_by("-pk").first()
    )
    content = {
        "known": known, "key": key, "title": known.title(), "inputs": _inputs({}, fields, key), "owners": _owners(request.user),
        "own": request.user.organisation_id, "reviewers": visible(request.user, Organisation.objects.filter(until=None)), "reviewer": last.reviewer_id if last else None,
    }  # fmt: skip
    return render(request, "web/register_form.html", content)


@pages.page("registers/entries/<int:pk>/edit/", "edit", permission="register.read", methods=("GET", "POST"))
def edit(request: AccountRequest, pk: int) -> HttpResponse:
    """Only the fields that the person changed are written: they are told apart by the version that the form was opened with."""
    entry: RegisterEntry = visible_row(request.user, RegisterEntry.objects.all(), pk)
    known = get_register(entry.register)
    demand(request.user, "entry.change", entry)
    fields = _own_fields(known)
    if request.method == "POST":
        base = entry.events.filter(version=id_in(request.POST.get("base")) or 0).first()
        before = base.values if base is not None else entry.values
        changed = {key: value for key, value in _given(request, fields).items() if known.field(key).read(value) != before.get(key)}  # fmt: skip
        try:
            change_entry(
                request.user, entry, version=_version(request), values=changed, text=request.POST.get("text", "")
            )
        except Conflict as error:
            return _conflict(request, error, pk)
        return go(request, entry.get_absolute_url())
    content = {"entry": entry, "known": known, "key": entry.register, "title": known.title(), "inputs": _inputs(entry.values, fields, entry.register)}  # fmt: skip
    return render(request, "web/register_form.html", content)


def _version(request: HttpRequest) -> int:
    return id_in(request.POST.get("version")) or 0


def _conflict(request: AccountRequest, error: HaiheError, pk: int) -> HttpResponse:
    """The error within the form, whose hidden version becomes the present one, so that sending it again is a decision."""
    answer = answer_to(request, error)
    if request.headers.get("HX-Request"):
        current = RegisterEntry.objects.values_list("version", flat=True).get(pk=pk)
        answer.content += (
            f'<input type="hidden" id="entry-version" name="version" value="{current}" hx-swap-oob="true">'.encode()
        )
    return answer


@pages.page("registers/entries/<int:pk>/steps/<str:step>/", "step", permission="register.read", methods=("POST",))
def step_page(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    entry = visible_row(request.user, RegisterEntry.objects.all(), pk)
    may = any(s.name == step for s in steps_for(request.user, entry))
    with receiving(request.user, _files(request) if may else []) as files:
        hand_in(
            request.user, entry, version=_version(request), step=step, text=request.POST.get("text", ""), evidence=files
        )
    return go(request, entry.get_absolute_url())


def _files(request: AccountRequest) -> list[tuple[str, Any]]:
    return [(file.name or "file", file.chunks()) for file in request.FILES.getlist("files")]


@pages.page("registers/entries/<int:pk>/review/", "review", permission="register.read", methods=("POST",))
def review_page(request: AccountRequest, pk: int) -> HttpResponse:
    entry = visible_row(request.user, RegisterEntry.objects.all(), pk)
    may, accept = may_review(request.user, entry), request.POST.get("decision") == "accept"
    values = _given(request, _review_fields(entry)) if accept else {}
    with receiving(request.user, _files(request) if may else []) as files:
        review(
            request.user,
            entry,
            version=_version(request),
            accept=accept,
            text=request.POST.get("text", ""),
            values=values,
            evidence=files,
        )
    return go(request, entry.get_absolute_url())


@pages.page("registers/entries/<int:pk>/take-back/", "take_back", permission="register.read", methods=("POST",))
def take_back_page(request: AccountRequest, pk: int) -> HttpResponse:
    entry = visible_row(request.user, RegisterEntry.objects.all(), pk)
    take_back(request.user, entry, version=_version(request))
    return go(request, entry.get_absolute_url())


@pages.page("registers/entries/<int:pk>/withdraw/", "withdraw", permission="register.read", methods=("POST",))
def withdraw_page(request: AccountRequest, pk: int) -> HttpResponse:
    entry = visible_row(request.user, RegisterEntry.objects.all(), pk)
    withdraw_entry(request.user, entry, version=_version(request), reason=request.POST.get("reason", ""))
    return go(request, entry.get_absolute_url())


pages.in_nav("registers", two("登记册", "Registers"), order=34, group="registers", roles=READERS, count=number_waiting)
