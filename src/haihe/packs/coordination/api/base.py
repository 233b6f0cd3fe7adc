"""What the calls of this pack share: the router and units by their names."""

from __future__ import annotations

from ninja import Router

from haihe.kernel.organisations import Organisation, get_organisation

router = Router(tags=["coordination"])


def units_of(names: list[str]) -> list[Organisation]:
    return [get_organisation(name) for name in names]


def unit_of(name: str) -> Organisation | None:
    return get_organisation(name) if name else None
