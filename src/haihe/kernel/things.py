"""Things: what is registered and looked after, such as vehicles, sensors and wells. Observations are about them.

A thing is never deleted: it is retired, and its observations, alerts and cases stay readable. A thing whose pack is gone is
shown as "data kept".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import models
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput, NotFound
from haihe.kernel.identity import Role
from haihe.kernel.language import pick
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import WHOLE, action, declare, demand, of_own_units, roles_of, visibility
from haihe.kernel.places import Place

if TYPE_CHECKING:
    from haihe.kernel.identity import Account

declare("thing.read", "查看登记对象", "see registered things", roles=[Role.SUPERVISOR, Role.OFFICER, Role.VIEWER])


class Thing(models.Model):
    """One registered object. `key` is unique within `kind`: a licence plate, a station code, a serial number.

    `attributes` are facts of the kind, such as {"use": "hazmat"}; rules may read them as columns. `pack` names the pack that
    registered it and understands it.
    """

    kind = models.CharField("类别", max_length=40)
    key = models.CharField("编号", max_length=80)
    name = models.CharField("名称", max_length=120, blank=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="things")
    place = models.ForeignKey(Place, models.PROTECT, null=True, blank=True, related_name="things")
    attributes = models.JSONField(default=dict, blank=True)
    pack = models.CharField(max_length=40, blank=True)
    registered_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(auto_now=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["kind", "key"]
        # Rules ask before each step whether any thing of their kind changed: answered from this index alone.
        indexes = [models.Index(fields=["kind", "retired_at", "changed_at"])]
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="one_thing_per_kind_and_key")]

    def __str__(self) -> str:
        return self.name or self.key

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise Conflict("登记对象不能删除，只能注销。", "Things are retired, never deleted.", where=self.key)

    @property
    def is_kept_data(self) -> bool:
        """Whether the pack that understands this thing is gone, so that only its data is kept."""
        return bool(self.pack) and self.pack not in {config.label for config in apps.get_app_configs()}

    @property
    def standing(self) -> str:
        """In a word, for pages: retired, data kept, or registered."""
        if self.retired_at:
            return pick("已注销", "retired")
        return pick("数据保留", "data kept") if self.is_kept_data else pick("在册", "registered")


@visibility(Thing)
def _things(account: Account | None, rows: models.QuerySet[Thing]) -> models.QuerySet[Thing]:
    """Supervisors and viewers see all; officers those of their units' subtrees; the public none."""
    if WHOLE & roles_of(account):
        return rows
    return rows.filter(of_own_units(account, "organisation"))


def find_thing(kind: str, key: str) -> Thing | None:
    """The thing of this kind and key, retired or not; None where there is none."""
    return Thing.objects.filter(kind=kind, key=key.strip()).select_related("organisation").first()


def get_thing(kind: str, key: str) -> Thing:
    found = find_thing(kind, key)
    if found is None:
        raise NotFound(f"没有登记 {kind}“{key}”。", f"No {kind} {key!r} is registered.", where=key,
                       to_do_zh="请先登记。", to_do_en="Register it first.")  # fmt: skip
    return found


def find_things(kind: str, keys: Iterable[str]) -> dict[str, int]:
    """Key → pk of the things that are registered and not retired: what a feed asks for many devices at once."""
    rows = Thing.objects.filter(kind=kind, key__in=list(keys), retired_at=None)
    return dict(rows.values_list("key", "pk"))


def _demand_for_unit(account: Account, name: str, organisation: Organisation | None) -> None:
    """The permission for the unit that the thing is to belong to; without a unit only who sees the whole may act."""
    if organisation is None and Role.SUPERVISOR not in roles_of(account):
        raise InvalidInput("请选择所属单位。", "Choose the unit that it belongs to.", where="organisation")
    demand(account, name, organisation)


@action("thing.register", "登记对象", "register a thing", roles=[Role.SUPERVISOR, Role.OFFICER])
def register_thing(
    account: Account, _target: None, *, kind: str, key: str, name: str = "", organisation: Organisation | None = None,
    place: Place | None = None, attributes: dict[str, Any] | None = None, pack: str = "",
) -> Thing:  # fmt: skip
    """A new thing, or a retired one of the same kind and key taken up again."""
    _demand_for_unit(account, "thing.register", organisation)
    kind, key = kind.strip(), key.strip()
    if not (kind and key):
        raise InvalidInput("请填写类别和编号。", "A thing needs a kind and a key.", where="key")
    thing = find_thing(kind, key)
    if thing is not None and thing.retired_at is None:
        raise Conflict(f"{kind}“{key}”已登记。", f"The {kind} {key!r} is registered already.", where=key,
                       to_do_zh="如已过户，请用“变更单位”。", to_do_en="If it changed hands, transfer it.")  # fmt: skip
    audit.note(kind=kind, key=key, organisation=str(organisation or ""), again=thing is not None)
    thing = thing or Thing(kind=kind, key=key)
    thing.name, thing.organisation, thing.place = name.strip(), organisation, place
    thing.attributes, thing.pack, thing.retired_at = attributes or {}, pack, None
    thing.save()
    return thing


@action("thing.change", "变更对象信息", "change a thing's facts", roles=[Role.SUPERVISOR, Role.OFFICER])
def change_thing(
    account: Account, thing: Thing, *, name: str | None = None, attributes: dict[str, Any] | None = None, place: Place | None = None
) -> Thing:  # fmt: skip
    audit.note(before={"name": thing.name, "attributes": thing.attributes})
    thing.name = thing.name if name is None else name.strip()
    thing.attributes = thing.attributes if attributes is None else attributes
    thing.place = place or thing.place
    thing.save()
    return thing


@action("thing.transfer", "变更所属单位", "transfer a thing to another unit", roles=[Role.SUPERVISOR])
def transfer_thing(account: Account, thing: Thing, *, organisation: Organisation, reason: str) -> Thing:
    if not reason.strip():
        raise InvalidInput("请写明变更原因。", "Say why it changes hands.", where="reason")
    audit.note(before=str(thing.organisation or ""), after=str(organisation), reason=reason)
    thing.organisation = organisation
    thing.save()
    return thing


@action("thing.retire", "注销对象", "retire a thing", roles=[Role.SUPERVISOR, Role.OFFICER])
def retire_thing(account: Account, thing: Thing, *, reason: str) -> Thing:
    if thing.retired_at:
        raise Conflict("该对象已注销。", "The thing is retired already.", where=thing.key)
    if not reason.strip():
        raise InvalidInput("请写明注销原因。", "Say why it is retired.", where="reason")
    thing.retired_at = timezone.now()
    thing.save()
    audit.note(reason=reason)
    return thing
