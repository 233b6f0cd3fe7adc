"""Being written."""

from __future__ import annotations

from haihe.packs.plans.reading.load import txt


def load(data: bytes, name: str) -> txt.Result:
    raise NotImplementedError
