"""Things: registered once, seen by the subtree they belong to, retired and never deleted."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from haihe.kernel import audit, things
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from haihe.kernel.permissions import visible
from haihe.kernel.things import Thing


@pytest.fixture
def supervisor(account_with: Any) -> Any:
    return account_with("supervisor")


def register(account: Any, key: str = "津A00001", **more: Any) -> Thing:
    return things.register_thing(account, None, kind="vehicle", key=key, **more)


def test_a_key_is_registered_once_within_its_kind(supervisor: Any) -> None:
    thing = register(supervisor)
    assert things.find_thing("vehicle", " 津A00001 ") == thing
    with pytest.raises(Conflict, match="registered already"):
        register(supervisor)
    with transaction.atomic(), pytest.raises(IntegrityError):
        Thing.objects.create(kind="vehicle", key="津A00001")
    assert things.register_thing(supervisor, None, kind="sensor", key="津A00001") != thing


def test_registering_leaves_a_record_about_the_thing(supervisor: Any, district: Any) -> None:
    thing = register(supervisor, organisation=district.park)
    (record,) = audit.history(thing)
    assert record.action == "thing.register" and record.details["organisation"] == "望河经济开发区"


def test_things_are_retired_never_deleted_and_may_come_back(supervisor: Any) -> None:
    thing = register(supervisor)
    with pytest.raises(Conflict, match="never deleted"):
        thing.delete()
    thing = things.retire_thing(supervisor, thing, reason="报废")
    assert things.find_things("vehicle", ["津A00001"]) == {} and things.find_thing("vehicle", "津A00001") == thing
    with pytest.raises(Conflict):
        things.retire_thing(supervisor, thing, reason="报废")
    assert register(supervisor, name="又来") == thing
    assert things.find_things("vehicle", ["津A00001", "无"]) == {"津A00001": thing.pk}


def test_officers_register_and_see_only_their_subtree(account_with: Any, district: Any, supervisor: Any) -> None:
    officer = account_with("officer", district.town)
    mine = register(officer, "津A00002", organisation=district.town)
    other = register(supervisor, "津A00003", organisation=district.park)
    with pytest.raises(NotAllowed):
        register(officer, "津A00004", organisation=district.park)
    with pytest.raises(InvalidInput, match="Choose the unit"):
        register(officer, "津A00004")
    with pytest.raises(NotAllowed):
        things.retire_thing(officer, other, reason="无关")
    assert list(visible(officer, Thing.objects.all())) == [mine]
    assert set(visible(account_with("viewer"), Thing.objects.all())) == {mine, other}
    assert list(visible(None, Thing.objects.all())) == []


def test_a_transfer_moves_a_thing_out_of_one_sight_into_another(
    account_with: Any, district: Any, supervisor: Any
) -> None:
    officer = account_with("officer", district.town)
    thing = register(supervisor, organisation=district.park)
    assert not visible(officer, Thing.objects.all()).exists()
    things.transfer_thing(supervisor, thing, organisation=district.town, reason="过户")
    assert visible(officer, Thing.objects.all()).get() == thing
    with pytest.raises(InvalidInput):
        things.transfer_thing(supervisor, thing, organisation=district.park, reason=" ")


def test_a_thing_whose_pack_is_gone_shows_as_data_kept(supervisor: Any) -> None:
    kept = register(supervisor, "津A00005", pack="no_such_pack")
    present = register(supervisor, "津A00006", pack="plans")
    assert (kept.is_kept_data, kept.standing) == (True, "数据保留")
    assert (present.is_kept_data, present.standing) == (False, "在册")
    assert things.retire_thing(supervisor, kept, reason="报废").standing == "已注销"


def test_what_is_not_registered_is_named(db: None) -> None:
    with pytest.raises(NotFound, match="津A99999"):
        things.get_thing("vehicle", "津A99999")
