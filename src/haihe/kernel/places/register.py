"""The register of places: administrative areas and sites, with their outlines in WGS 84."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.identity import Role
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import action, declare, visibility
from haihe.kernel.places import geojson
from haihe.kernel.places.coordinates import TO_WGS84

if TYPE_CHECKING:
    from haihe.kernel.identity import Account

declare("place.read", "查看地点", "see places", roles=[Role.SUPERVISOR, Role.OFFICER, Role.VIEWER])


class Place(models.Model):
    """An area or site. `code` is unique within its kind where there is one; retired rows are kept."""

    kind = models.CharField("类别", max_length=30)
    code = models.CharField("代码", max_length=40, blank=True)
    name = models.CharField("名称", max_length=120)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="places")
    geometry = models.JSONField("边界（WGS 84）", null=True, blank=True)
    west = models.FloatField(null=True, editable=False)
    south = models.FloatField(null=True, editable=False)
    east = models.FloatField(null=True, editable=False)
    north = models.FloatField(null=True, editable=False)
    changed_at = models.DateTimeField(auto_now=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["kind", "code", "name"]
        indexes = [models.Index(fields=["west", "east", "south", "north"])]
        constraints = [
            models.UniqueConstraint(fields=["kind", "code"], condition=~models.Q(code=""), name="one_place_per_code")
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.west = self.south = self.east = self.north = None
        if self.geometry is not None:
            self.geometry = geojson.check_geometry(self.geometry, self.name or "geometry")
            self.west, self.south, self.east, self.north = geojson.bounding_box(self.geometry)
        above, seen = self.parent, 0
        while above is not None:
            seen += 1
            if (self.pk and above.pk == self.pk) or seen > 30:
                raise InvalidInput(
                    "上级地点不能是本地点或其下级。", "A place cannot lie within itself.", where=self.name
                )
            above = above.parent
        super().save(*args, **kwargs)


@visibility(Place)
def _places(account: Account | None, rows: models.QuerySet[Place]) -> models.QuerySet[Place]:
    """Places are no secret: everybody who may sign in sees them; the public sees none."""
    return rows if account is not None and account.is_active else rows.none()


def find_place(kind: str, code: str) -> Place | None:
    return Place.objects.filter(kind=kind, code=code).first() if code else None


def _converted(geometry: Any, coordinates: str, where: str) -> dict[str, Any] | None:
    if geometry is None:
        return None
    if coordinates not in TO_WGS84:
        raise InvalidInput(f"不认识坐标系“{coordinates}”。", f"Unknown coordinates {coordinates!r}.", where="coordinates",
                           to_do_zh=f"可用：{'、'.join(TO_WGS84)}。", to_do_en=f"Known: {', '.join(TO_WGS84)}.")  # fmt: skip
    return geojson.converted(geojson.check_geometry(geometry, where), TO_WGS84[coordinates])


@action("place.register", "登记地点", "register a place", roles=[Role.SUPERVISOR])
def register_place(
    account: Account, _target: None, *, kind: str, name: str, code: str = "", parent: Place | None = None,
    organisation: Organisation | None = None, geometry: Any = None, coordinates: str = "wgs84",
) -> Place:  # fmt: skip
    """`geometry` in `coordinates` (wgs84, cgcs2000, gcj02, bd09) is stored in WGS 84."""
    if not (kind.strip() and name.strip()):
        raise InvalidInput("请填写地点的类别和名称。", "A place needs a kind and a name.", where="name")
    if find_place(kind, code):
        raise Conflict(f"代码 {code} 已登记。", f"The code {code} is registered.", where=code)
    audit.note(kind=kind, code=code, name=name, coordinates=coordinates)
    return Place.objects.create(
        kind=kind, code=code, name=name.strip(), parent=parent, organisation=organisation,
        geometry=_converted(geometry, coordinates, name),
    )  # fmt: skip


@action("place.draw", "更新地点边界", "draw a place's outline", roles=[Role.SUPERVISOR])
def draw_place(account: Account, place: Place, *, geometry: Any, coordinates: str = "wgs84") -> Place:
    audit.note(before=[place.west, place.south, place.east, place.north], coordinates=coordinates)
    place.geometry = _converted(geometry, coordinates, place.name)
    place.save()
    return place


@action("place.retire", "注销地点", "retire a place", roles=[Role.SUPERVISOR])
def retire_place(account: Account, place: Place, *, reason: str) -> Place:
    if place.retired_at:
        raise Conflict("该地点已注销。", "The place is retired already.", where=place.name)
    place.retired_at = timezone.now()
    place.save()
    audit.note(reason=reason)
    return place


@action("place.import", "导入地点", "import places", roles=[Role.SUPERVISOR])
def import_places(
    account: Account, _target: None, *, content: Any, kind: str, code: str = "code", name: str = "name", coordinates: str = "wgs84",
) -> list[Place]:  # fmt: skip
    """Places of a GeoJSON document, all or none. `code` and `name` say which properties hold them.

    A place of the same kind and code is drawn anew instead of made twice, so that importing again is safe.
    """
    places = []
    for number, (properties, geometry) in enumerate(geojson.features_of(content)):
        key, title = str(properties.get(code, "") or ""), str(properties.get(name, "") or "").strip()
        place = find_place(kind, key) or Place(kind=kind, code=key)
        place.name = title or place.name or f"{kind} {number + 1}"
        place.geometry = _converted(geometry, coordinates, f"features[{number}]")
        place.save()
        places.append(place)
    audit.note(kind=kind, places=len(places), coordinates=coordinates)
    return places


def read_geojson(path: Path) -> Any:
    """A GeoJSON file as Python values; InvalidInput names the line that is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InvalidInput("无法读取 GeoJSON 文件。", f"The GeoJSON file cannot be read ({error}).", where=str(path),
                           to_do_zh="请用 UTF-8 保存为 GeoJSON。", to_do_en="Save it as GeoJSON in UTF-8.") from error  # fmt: skip


# --- administrative divisions -----------------------------------------------------------------------------------------

# Digits of a division code by level: province, city, county as in GB/T 2260 (its text was not read), then town and village.
LEVELS = {2: "province", 4: "city", 6: "county", 9: "town", 12: "village"}


def level_of(code: str) -> str:
    """The level of a division code, told by its digits (trailing zeros of a six-digit code are not cut)."""
    if not re.fullmatch(r"[0-9]+", code) or len(code) not in LEVELS:
        raise InvalidInput(f"行政区划代码“{code}”的位数不对。", f"{code!r} is no code of an administrative division.", where=code,
                           to_do_zh="应为 2、4、6、9 或 12 位数字。", to_do_en="It has 2, 4, 6, 9 or 12 digits.")  # fmt: skip
    return LEVELS[len(code)]


def _ancestors(code: str) -> list[str]:
    return [code[:digits] for digits in LEVELS if digits < len(code)]


def read_divisions(path: Path) -> list[tuple[str, str]]:
    """(code, name) of a CSV with these two columns; lines that begin with # are comments."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        if not {"code", "name"} <= set(rows.fieldnames or ()):
            raise InvalidInput("缺少 code 或 name 列。", "The columns `code` and `name` are missing.", where=str(path))
        return [(row["code"].strip(), row["name"].strip()) for row in rows]


@action("place.import_divisions", "导入行政区划", "import administrative divisions", roles=[Role.SUPERVISOR])
def import_divisions(
    account: Account, _target: None, *, rows: Iterable[tuple[str, str]], names: Mapping[str, str] | None = None
) -> int:
    """Divisions with the tree that their codes imply; returns how many are new.

    A level above that the list leaves out is made with its name from `names`, or its code until somebody names it.
    """
    known = dict(names or {}) | dict(rows)
    wanted = sorted({code for row in known for code in (row, *_ancestors(row))}, key=lambda code: (len(code), code))
    made: dict[str, Place] = {}
    new = 0
    for code in wanted:
        parents = [made[above] for above in _ancestors(code) if above in made]
        place = find_place(level_of(code), code)
        new += place is None
        place = place or Place(kind=level_of(code), code=code)
        place.name = known.get(code) or place.name or code
        place.parent = parents[-1] if parents else None
        place.save()
        made[code] = place
    audit.note(divisions=len(wanted), new=new)
    return new
