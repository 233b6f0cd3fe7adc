"""Units: names resolve only through what a person confirmed; codes are checked; the tree stays a tree."""

from __future__ import annotations

from datetime import date

import pytest

from haihe.kernel.errors import InvalidInput, NotFound
from haihe.kernel.organisations import (
    Organisation,
    OrganisationAlias,
    Succession,
    check_area_code,
    check_credit_code,
    find_organisation,
    get_organisation,
    guess_kind,
    propose_organisations,
    successor_on,
)


def test_the_standards_own_example_has_a_wrong_check_character() -> None:
    """GB 32100-2015 computes 3 as check character of 91350100M000100Y4."""
    assert check_credit_code("91350100M000100Y43") == "91350100M000100Y43"
    with pytest.raises(InvalidInput, match="GB 32100"):
        check_credit_code("91350100M000100Y4Z")


@pytest.mark.parametrize("code", ["120114", "120000", "110100", "419001", "659001", " 46 03 00 ", "442000"])
def test_codes_of_the_structure_of_gb_t_2260_are_taken(code: str) -> None:
    assert check_area_code(code) == code.replace(" ", "")


@pytest.mark.parametrize(
    "code", ["", "12011", "1201144", "１２０１１４", "990000", "160000", "120014", "127500", "12O114"]
)
def test_codes_that_no_area_can_have_are_refused(code: str, db: None) -> None:
    with pytest.raises(InvalidInput, match="GB/T 2260"):
        check_area_code(code)
    if code:
        with pytest.raises(InvalidInput):
            Organisation.objects.create(name="测试单位", area_code=code)


@pytest.mark.parametrize("place", range(17))
def test_one_wrong_character_anywhere_in_a_credit_code_is_noticed(place: int) -> None:
    """The weights and 31 have no common factor, so no single change keeps the check character."""
    right = "91350100M000100Y43"
    for other in "0123456789ABCDEFGHJKLMNPQRTUWXY":
        if other != right[place]:
            with pytest.raises(InvalidInput):
                check_credit_code(right[:place] + other + right[place + 1 :])


@pytest.mark.parametrize("code", ["", "123", "91350100M000100Y4I", "91350100M000100Y433", "９1350100M000100Y43"])
def test_codes_of_wrong_length_or_characters_are_refused(code: str) -> None:
    with pytest.raises(InvalidInput):
        check_credit_code(code)


def test_a_code_is_stored_in_capitals_without_spaces(db: None) -> None:
    unit = Organisation.objects.create(name="测试单位", credit_code=" 91350100m000100y43 ")
    assert unit.credit_code == "91350100M000100Y43"


def test_names_resolve_by_official_name_short_name_and_confirmed_alias(district) -> None:
    OrganisationAlias.objects.create(organisation=district.data, name="区大数据局")
    for name in ("望河区数据局", "区数据局", "区大数据局", " 区数据局 "):
        assert find_organisation(name) == district.data


def test_a_name_that_means_two_units_resolves_to_neither(district) -> None:
    Organisation.objects.create(name="云津市数据局", short_name="区数据局")
    assert find_organisation("区数据局") is None


def test_a_likely_name_is_proposed_and_never_linked(district) -> None:
    assert find_organisation("区卫生健康委员会") is None
    assert propose_organisations("区卫生健康委员会")[0].organisation == district.health


def test_a_missing_unit_is_refused_with_the_likeliest_names(district) -> None:
    with pytest.raises(NotFound) as caught:
        get_organisation("望河区数据管理局")
    assert "望河区数据局" in caught.value.to_do_zh


def test_moving_a_unit_moves_everything_below_it(district) -> None:
    station = Organisation.objects.create(name="柳渡镇环卫站", parent=district.town)
    district.town.parent = district.city
    district.town.save()
    station.refresh_from_db()
    assert station.is_within(district.city)
    assert station.path == f"{district.city.path}{district.town.pk}/{station.pk}/"


def test_a_unit_cannot_stand_below_itself(district) -> None:
    station = Organisation.objects.create(name="柳渡镇环卫站", parent=district.town)
    district.town.parent = station
    with pytest.raises(InvalidInput):
        district.town.save()


def test_work_passes_to_the_successor_from_its_day_on(district) -> None:
    Succession.objects.create(
        predecessor=district.health, successor=district.city, on=date(2024, 3, 1), source="机构改革方案"
    )
    assert successor_on(district.health, date(2024, 2, 29)) == district.health
    assert successor_on(district.health, date(2024, 3, 1)) == district.city


def test_successions_that_form_a_circle_end(district) -> None:
    for a, b in ((district.health, district.city), (district.city, district.health)):
        Succession.objects.create(predecessor=a, successor=b, on=date(2024, 1, 1), source="误录")
    assert successor_on(district.health, date(2025, 1, 1)) in (district.health, district.city)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("区数据局", "bureau"), ("柳渡镇人民政府", "town"), ("桥北街道办事处", "street"), ("武清开发区", "park"), ("供电公司", "enterprise"),
     ("各镇街园区", "group"), ("望河区人民政府", "government"), ("区网格中心", "institution")],
)  # fmt: skip
def test_the_kind_is_guessed_from_the_ending(name: str, kind: str) -> None:
    assert guess_kind(name) == kind
