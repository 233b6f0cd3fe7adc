import pytest

from culture_projects.register import CultureProjects
from haihe.kernel.systems import PROVIDERS
from haihe.testing.registers import problems


def test_the_register_keeps_the_contract():
    assert problems(CultureProjects) == []


@pytest.mark.all
def test_the_check_sees_its_system_and_misses_it_without_the_pack():
    from haihe.scratch import check_systems, scratch_district

    for packs, passes in (("culture_projects", True), ("none", False)):
        with scratch_district(packs=packs) as scratch:
            (found,) = check_systems(scratch, [PROVIDERS["CUL-02"]], limit_s=60)
            assert found.passed == passes, found.saw
