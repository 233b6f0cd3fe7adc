"""Organisations: bureaus, towns, parks, enterprises and the tree they stand in.

A document may call one bureau by several names, and bureaus are merged and renamed over the years. Names are therefore
resolved in three ways, never by guessing: the official or short name, an alias that a person confirmed, or a succession that
a person recorded. Everything else is only *proposed*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import models
from rapidfuzz import fuzz, process

from haihe.kernel.errors import InvalidInput, NotFound
from haihe.kernel.language import two

# GB 32100-2015 (its rules and worked example as reprinted in public): table 1, the 31 characters of a unified social credit
# code (no I, O, S, V, Z); table 2, weights 3^(i-1) mod 31; places 3 to 8 are the digits of an area code.
CREDIT_CODE_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_CODE_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
CREDIT_CODE_SHAPE = re.compile(rf"[{CREDIT_CODE_CHARACTERS}]{{2}}[0-9]{{6}}[{CREDIT_CODE_CHARACTERS}]{{10}}")
# GB/T 2260-2007, article 3.2 (as reprinted in public): places 1–2 province; 3–4 city 01–20 and 51–70 or prefecture 21–50, 90 where a
# province holds counties directly; 5–6 county. The code has no check digit. Which numbers provinces have: source unverified.
AREA_CODE_SHAPE = re.compile(r"(\d\d)(0[0-9]|[1-6][0-9]|70|90)(\d\d)", re.ASCII)
_PROVINCES = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 82))
PROVINCE_NUMBERS = frozenset(str(number) for first, last in _PROVINCES for number in range(first, last + 1))


class Organisation(models.Model):
    """One unit. `path` is "/1/5/12/": the ids from the root down to this unit, so that a subtree is one prefix search."""

    class Kind(models.TextChoices):
        GOVERNMENT = "government", two("人民政府", "Government")
        OFFICE = "office", two("办公室", "Office")
        BUREAU = "bureau", two("委办局", "Bureau")
        TOWN = "town", two("镇", "Town")
        STREET = "street", two("街道", "Street")
        PARK = "park", two("园区", "Park")
        ENTERPRISE = "enterprise", two("企业", "Enterprise")
        INSTITUTION = "institution", two("事业单位", "Institution")
        GROUP = "group", two("一类单位", "Set of units")  # an open set such as 各镇街园区
        OTHER = "other", two("其他", "Other")

    name = models.CharField("名称", max_length=120, unique=True)
    short_name = models.CharField("简称", max_length=60, blank=True)
    kind = models.CharField("类别", max_length=20, choices=Kind.choices, default=Kind.OTHER)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path = models.CharField(max_length=200, db_index=True, editable=False, default="/")
    credit_code = models.CharField("统一社会信用代码", max_length=18, null=True, blank=True, unique=True)
    area_code = models.CharField("行政区划代码", max_length=6, blank=True)
    since = models.DateField("设立日期", null=True, blank=True)
    until = models.DateField("撤销日期", null=True, blank=True)

    class Meta:
        ordering = ["path"]

    def __str__(self) -> str:
        return self.short_name or self.name

    def save(self, *args: object, **kwargs: object) -> None:
        if self.credit_code:
            self.credit_code = check_credit_code(self.credit_code)
        else:
            self.credit_code = None
        self.area_code = check_area_code(self.area_code) if self.area_code else ""
        if self.parent is not None and self.pk and f"/{self.pk}/" in self.parent.path:
            raise InvalidInput("上级单位不能是本单位或其下级。", "A unit cannot stand below itself.", where=self.name)
        super().save(*args, **kwargs)  # type: ignore[arg-type]
        path = (self.parent.path if self.parent else "/") + f"{self.pk}/"
        if path != self.path:
            old, self.path = self.path, path
            Organisation.objects.filter(pk=self.pk).update(path=path)
            if old != "/":
                for below in Organisation.objects.filter(path__startswith=old).exclude(pk=self.pk):
                    Organisation.objects.filter(pk=below.pk).update(path=path + below.path[len(old) :])

    def is_within(self, other: Organisation) -> bool:
        """Whether this unit is `other` or stands below it."""
        return self.path.startswith(other.path)


class OrganisationAlias(models.Model):
    """Another name of a unit, confirmed by a person. One name means one unit at a time."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=120, unique=True)
    confirmed_by = models.ForeignKey("kernel.Account", models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Succession(models.Model):
    """From `on`, `successor` carries on what `predecessor` did. Only a person records it, with the reason or source."""

    predecessor = models.ForeignKey(Organisation, models.PROTECT, related_name="successions")
    successor = models.ForeignKey(Organisation, models.PROTECT, related_name="inherited")
    on = models.DateField()
    source = models.CharField("依据", max_length=300)
    recorded_by = models.ForeignKey("kernel.Account", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["predecessor", "successor"], name="one_succession_per_pair")]


@dataclass(frozen=True)
class Proposal:
    """A unit that a name may mean, with the likeness (0–100) that led to it. A person decides."""

    organisation: Organisation
    likeness: int


def check_credit_code(code: str) -> str:
    """The code in capitals if its length, characters and check character fit GB 32100-2015; InvalidInput otherwise."""
    written = re.sub(r"\s", "", code).upper()
    if CREDIT_CODE_SHAPE.fullmatch(written):
        total = sum(CREDIT_CODE_CHARACTERS.index(c) * w for c, w in zip(written, CREDIT_CODE_WEIGHTS, strict=False))
        if CREDIT_CODE_CHARACTERS[(31 - total % 31) % 31] == written[17]:
            return written
    raise InvalidInput(
        f"统一社会信用代码“{code}”不正确（GB 32100-2015：18 位，末位为校验码）。",
        f"{code!r} is not a unified social credit code (GB 32100-2015: 18 characters, the last one a check character).",
        where="统一社会信用代码",
        to_do_zh="请对照登记证书更正；不确定时留空。",
        to_do_en="Correct it from the registration certificate, or leave it empty.",
    )


def check_area_code(code: str) -> str:
    """The code without spaces if it has the structure of GB/T 2260; InvalidInput otherwise.

    A whole province ends in 0000 and a whole city in 00; below a province without a city there is no county.
    """
    written = re.sub(r"\s", "", code)
    shape = AREA_CODE_SHAPE.fullmatch(written)
    if shape and shape[1] in PROVINCE_NUMBERS and (shape[2] != "00" or shape[3] == "00"):
        return written
    raise InvalidInput(
        f"行政区划代码“{code}”不正确（GB/T 2260：六位数字，依次为省、市、县）。",
        f"{code!r} is not an area code (GB/T 2260: six digits for province, city and county).",
        where="行政区划代码",
        to_do_zh="请对照民政部公布的代码更正；不确定时留空。",
        to_do_en="Correct it from the published list, or leave it empty.",
    )


def normalise_name(name: str) -> str:
    """A unit's name without spaces and with full-width brackets, as it is stored and compared."""
    return re.sub(r"\s+", "", name).replace("(", "（").replace(")", "）")


def find_organisation(name: str) -> Organisation | None:
    """The unit of exactly this official name, short name or confirmed alias; None where no unit or several fit."""
    name = normalise_name(name)
    matches = list(
        Organisation.objects.filter(
            models.Q(name=name) | models.Q(short_name=name) | models.Q(aliases__name=name)
        ).distinct()[:2]
    )
    return matches[0] if len(matches) == 1 else None


def get_organisation(name: str) -> Organisation:
    """As find_organisation, but raises NotFound with the likeliest names."""
    found = find_organisation(name)
    if found is None:
        near = "、".join(p.organisation.name for p in propose_organisations(name))
        raise NotFound(
            f"没有名为“{name}”的单位。", f"No unit is named {name!r}.", where="单位",
            to_do_zh=f"相近的有：{near}。" if near else "请先登记该单位。",
            to_do_en=f"Near: {near}." if near else "Register the unit first.",
        )  # fmt: skip
    return found


def propose_organisations(name: str, limit: int = 3, least: int = 60) -> list[Proposal]:
    """Units that `name` may mean, likeliest first. Only a proposal: nothing is linked by it."""
    names: dict[tuple[int, str], Organisation] = {}
    for organisation in Organisation.objects.prefetch_related("aliases"):
        for known in {organisation.name, organisation.short_name, *(a.name for a in organisation.aliases.all())} - {""}:
            names[(organisation.pk, known)] = organisation
    scored = process.extract(normalise_name(name), {key: key[1] for key in names}, scorer=fuzz.ratio, limit=limit * 4)
    best: dict[int, Proposal] = {}
    for _, likeness, key in scored:
        if likeness >= least and key[0] not in best:
            best[key[0]] = Proposal(names[key], round(likeness))
    return list(best.values())[:limit]


def successor_on(organisation: Organisation, on: date) -> Organisation:
    """The unit that carries on this unit's work on a day, following recorded successions; itself where none applies."""
    seen = {organisation.pk}
    while True:
        step = organisation.successions.filter(on__lte=on).order_by("-on").select_related("successor").first()
        if step is None or step.successor_id in seen:
            return organisation
        organisation = step.successor
        seen.add(organisation.pk)


def units_carried_on(paths: Iterable[str], on: date) -> set[int]:
    """Ids of the units whose work has passed, by successions in force on a day, to units below one of the paths."""
    within = models.Q(pk__in=[])
    for path in paths:
        within |= models.Q(path__startswith=path)
    found: set[int] = set()
    fresh = set(Organisation.objects.filter(within).values_list("pk", flat=True))
    while fresh:
        steps = Succession.objects.filter(successor__in=fresh, on__lte=on)
        fresh = set(steps.values_list("predecessor", flat=True)) - found
        found |= fresh
    return found


_KIND_BY_ENDING = (
    (Organisation.Kind.GOVERNMENT, ("人民政府",)),
    (Organisation.Kind.STREET, ("街道", "街道办事处", "街道办")),
    (Organisation.Kind.TOWN, ("镇", "乡", "镇人民政府", "乡人民政府")),
    (Organisation.Kind.PARK, ("园", "园区", "开发区", "管委会", "科技谷")),
    (Organisation.Kind.ENTERPRISE, ("公司", "集团", "银行")),
    (Organisation.Kind.INSTITUTION, ("中心", "院", "所", "学校", "大学", "医院")),
    (Organisation.Kind.BUREAU, ("局", "委", "委员会", "办", "厅", "部", "分局", "支队")),
)


def guess_kind(name: str) -> Organisation.Kind:
    """The likely kind by the name's ending, offered when a list of units is pasted; a person may change it."""
    name = normalise_name(name)
    if name.startswith(("各", "有关", "相关")):
        return Organisation.Kind.GROUP
    endings = [(len(ending), kind) for kind, endings in _KIND_BY_ENDING for ending in endings if name.endswith(ending)]
    return max(endings, key=lambda pair: pair[0])[1] if endings else Organisation.Kind.OTHER
