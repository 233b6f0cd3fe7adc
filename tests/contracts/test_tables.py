"""Every installed table of observations keeps the contract, and the contract notices what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import haihe.kernel.observations.standard  # noqa: F401  (declares its tables)
from haihe.kernel.observations.tables import TABLES, Field, ObservationTable
from haihe.testing.tables import batch_of, kept, problems, suffix_of

WHOLE = {"title_zh": "水位", "title_en": "Water level", "purpose_zh": "防汛", "purpose_en": "Floods", "retention_days": 90}  # fmt: skip
LEVEL = Field(pl.Float64, "m", -10, 50, "unverified", "水位", "level")


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_installed_table_keeps_the_contract(name: str, tmp_path: Path) -> None:
    assert problems(TABLES[name]) == []
    assert kept(TABLES[name], tmp_path) == []


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    for name in [name for name in TABLES if name.startswith("contract_")]:
        del TABLES[name]


def declared(**more: Any) -> type[ObservationTable]:
    return type("Declared", (ObservationTable,), {"name": "contract_level", **WHOLE, **more})


def test_a_table_as_it_should_be_has_no_problem(tmp_path: Path) -> None:
    table = declared(level_m=LEVEL, note=Field(pl.String, title_zh="备注", title_en="note"), gates_count=Field(pl.Int16, "个", 0, 9, "unverified", "闸", "gates"))  # fmt: skip
    assert problems(table) == [] and kept(table, tmp_path) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "no field"),
        ({"purpose_en": "  ", "level_m": LEVEL}, "does not state its purpose_en"),
        ({"retention_days": -5, "level_m": LEVEL}, "retention of -5"),
        ({"level": LEVEL}, "stands last in the name: …_m"),
        ({"m_level": LEVEL}, "stands last in the name"),
        ({"flow_m": Field(pl.Float64, "m³/h", 0, 9, "unverified", "流量", "flow")}, "…_m3h"),
        ({"level_percent": Field(pl.Float64, "", 0, 9, "unverified", "水位", "level")}, "the field has none"),
        ({"level_m": Field(pl.Float64, "m", 0, None, "unverified", "水位", "level")}, "needs the range"),
        ({"level_m": Field(pl.Float64, "m", 5, 5, "unverified", "水位", "level")}, "is empty"),
        ({"level_m": Field(pl.Float64, "m", 0, 5, "", "水位", "level")}, "write unverified"),
        ({"level_m": Field(pl.Float64, "m", 0, 5, "unverified", "水位")}, "a title is missing"),
    ],
)
def test_the_contract_notices_what_is_not_declared(more: dict[str, Any], said: str) -> None:
    assert any(said in problem for problem in problems(declared(**more)))


class Doubling(ObservationTable):
    """Checks once more each time, and throws away what it does not like."""

    name, level_m = "contract_doubling", LEVEL
    title_zh, title_en, purpose_zh, purpose_en, retention_days = WHOLE.values()

    @classmethod
    def check(cls, batch: pl.DataFrame) -> pl.DataFrame:
        return super().check(batch.with_columns(level_m=pl.col("level_m") * 2)).head(5)


class Blind(ObservationTable):
    name, level_m = "contract_blind", LEVEL
    title_zh, title_en, purpose_zh, purpose_en, retention_days = WHOLE.values()

    @classmethod
    def _oddities(cls, batch: pl.DataFrame) -> Any:
        return iter(())


def test_the_contract_notices_a_check_that_changes_rows_or_sees_nothing() -> None:
    told = "\n".join(problems(Doubling))
    assert "twice says something else" in told and "changes a row or drops one" in told
    assert any("does not mark what lies outside" in problem for problem in problems(Blind))


def test_what_the_lake_loses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from haihe.kernel.observations.lake import Lake

    whole = Lake.append
    monkeypatch.setattr(Lake, "append", lambda lake, table, batch, **more: whole(lake, table, batch.head(3), **more))
    assert kept(declared(level_m=LEVEL), tmp_path) == ["the lake does not give back what it took"]


def test_examples_hold_what_is_none_and_what_is_no_number() -> None:
    batch = batch_of(declared(level_m=LEVEL))
    assert batch["level_m"].is_nan().any() and batch["level_m"].null_count() and batch["thing"].null_count()
    assert [suffix_of(unit) for unit in ("km/h", "°", "m³/h", "", "kPa")] == ["kmh", "deg", "m3h", "", "kpa"]
