"""Who may read observations about persons."""

from __future__ import annotations

from haihe.kernel.identity import Role
from haihe.kernel.permissions import declare

READ_PERSONAL = declare(
    "observations.read_personal", "读取含个人信息的观测", "Read observations about persons",
    roles=[Role.SUPERVISOR, Role.OFFICER],
)  # fmt: skip
