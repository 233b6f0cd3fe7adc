"""Fixtures of the whole suite."""

from __future__ import annotations

from haihe.testing.districts import folder_of_the_run

folder_of_the_run()  # before the workers start, which inherit it

pytest_plugins = [
    "haihe.testing.database_copy",
    "haihe.testing.fixtures",
    "haihe.testing.observations",
    "haihe.testing.streams",
    "haihe.testing.objects",
]
