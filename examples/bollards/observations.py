"""Whether a bollard is lowered."""

import polars as pl

from haihe.kernel.observations.tables import Field, ObservationTable


class BollardState(ObservationTable):
    name = "bollard_state"
    title_zh, title_en = "升降桩状态", "Bollards"
    purpose_zh, purpose_en = "发现长时间未升起的升降桩", "Finding bollards that stay lowered"
    retention_days = 90

    lowered = Field(pl.Boolean, title_zh="已降下", title_en="lowered")
