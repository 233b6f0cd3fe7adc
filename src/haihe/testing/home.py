"""A pytest plugin (`-p haihe.testing.home`): each process of a run has a data folder of its own, so that tests can run in parallel.

It is loaded by name before all others, since Django's settings look at HAIHE_HOME once, and pytest-django reads them early.
"""

import os
import tempfile

os.environ["HAIHE_HOME"] = tempfile.mkdtemp(prefix="haihe-test-")
