"""Makes the examples packs from elsewhere without installing anything: the entry points of pyproject.toml are written where Python
looks for those of installed packages, which is what an editable install does."""

import os
import tempfile
from pathlib import Path

from haihe.runtime import set_up_django
from haihe.testing.outside import as_if_installed

# Before Django's settings are read: they look at HAIHE_HOME and at the installed packs once.
os.environ["HAIHE_HOME"] = tempfile.mkdtemp(prefix="haihe-test-")
os.environ["HAIHE_PACKS"] = ",".join(
    as_if_installed(Path(__file__).parent, Path(tempfile.mkdtemp(prefix="haihe-examples-")))
)
set_up_django()  # here and not by pyproject.toml, which is read before this file

pytest_plugins = ["haihe.testing.fixtures"]
