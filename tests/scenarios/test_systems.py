"""The checks of named systems on real scratch districts: each sees its system, and none sees it where its pack is left out."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.scenarios.district import haihe

from haihe.kernel.packs import installed_packs, requirements
from haihe.kernel.systems import PROVIDERS, providers_to_check
from haihe.scratch import check_systems, scratch_district
from haihe.scratch.checking import check_one

PACKS = sorted({provider.pack for provider in providers_to_check()})


def without(pack: str) -> str:
    """HAIHE_PACKS of a district that lacks the pack and whatever needs it; all others run."""
    installed = installed_packs()
    left = set(installed) - {pack}
    while drop := {name for name in left if set(requirements(installed[name])) - left}:
        left -= drop
    return ",".join(sorted(left)) or "none"


def test_a_check_sees_its_system_and_fails_where_the_pack_is_left_out() -> None:
    """One of each on one district that runs the transport pack alone."""
    with scratch_district(packs="transport") as scratch:
        found = check_systems(scratch, [PROVIDERS["TRA-18"], PROVIDERS["GOV-01"]])
    assert [(outcome.system, outcome.passed) for outcome in found] == [("TRA-18", True), ("GOV-01", False)], found
    assert found[0].saw.figures == {"vehicles": 3, "alerts": 2}
    assert "404" in found[1].saw.en


@pytest.mark.all
@pytest.mark.parametrize("pack", PACKS)
def test_every_check_of_a_pack_fails_without_the_pack(pack: str) -> None:
    mine = [provider for provider in providers_to_check() if provider.pack == pack]
    with scratch_district(packs=without(pack)) as scratch:
        found = check_systems(scratch, mine, limit_s=20)
    assert found and not [outcome for outcome in found if outcome.passed], found


@pytest.mark.all
def test_a_check_fails_with_the_rule_behind_it_switched_off() -> None:
    """Everything else is there: it is the missing alert that each of them notices."""
    rules = {
        "TRA-03": ("rosters.gap", "raised no alert"), "TRA-12": ("transport.fatigue", "No warning came"),
        "TRA-18": ("transport.area", "raised no alert"), "TRA-04": ("transport.active_safety", "did not reach"),
    }  # fmt: skip
    with scratch_district(packs="transport") as scratch:
        supervisor = scratch.account("supervisor")
        for system, (rule, told) in rules.items():
            scratch.begin(30)  # the check before used its own time up
            supervisor.post(f"/rules/{rule}/switch", {"enabled": False, "reason": "证明检查会失败"})
            found = check_one(scratch, PROVIDERS[system], limit_s=45)
            assert not found.passed and told in found.saw.en, found


@pytest.mark.all
def test_the_command_checks_everything_and_the_list_shows_it(tmp_path: Path) -> None:
    """Every check passes on one district; what is stored shows in the list of the district that asked."""
    done = haihe(tmp_path, "systems", "--check", "--json", seconds=600)
    assert done.returncode == 0, done.stderr
    rows = {row["id"]: row for row in json.loads(done.stdout)}
    assert len(rows) == 463 and set(rows["TRA-18"]) == {"id", "name_en", "name_zh", "kind", "pack", "status", "checked", "saw"}  # fmt: skip
    standing = {key for key, row in rows.items() if row["status"] in ("available", "in use")}
    assert standing == set(PROVIDERS), (standing ^ set(PROVIDERS), os.linesep)
    assert all(rows[key]["checked"] and rows[key]["saw"] for key in standing)
