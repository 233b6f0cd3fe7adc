"""What the register of scenarios counts."""

from __future__ import annotations

from datetime import date

from haihe.kernel.indicators import Offered
from haihe.kernel.registers import Count, in_states, offer_count

SINCE = date(2026, 1, 1)  # from when on numbers may be asked for: they are counted from the history of the entries
CLAUSE = "《武清区促进人工智能高质量发展行动方案（2025—2027年）》一、总体要求（典型应用场景）；认定条件 unverified"

offer_count(
    Offered("scenarios.typical", "典型应用场景数", "typical application scenarios", "个", "审核认定为典型（含已推广）的应用场景数", CLAUSE, SINCE),
    Count("scenarios", in_states("model", "copied")),
)  # fmt: skip
offer_count(
    Offered("scenarios.built", "建成应用场景数", "application scenarios built", "个", "审核确认建成（含典型、推广）的应用场景数", CLAUSE, SINCE),
    Count("scenarios", in_states("built", "model", "copied")),
)  # fmt: skip
