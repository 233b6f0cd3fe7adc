"""Fixtures of the whole suite. Each process of the suite has a data folder of its own, so that tests can run in parallel."""

from __future__ import annotations

import os
import tempfile

from haihe.testing.districts import folder_of_the_run

# Before Django's settings are read: they look at HAIHE_HOME once.
os.environ["HAIHE_HOME"] = tempfile.mkdtemp(prefix="haihe-test-")

folder_of_the_run()  # before the workers start, which inherit it

pytest_plugins = ["haihe.testing.fixtures", "haihe.testing.observations", "haihe.testing.streams"]
