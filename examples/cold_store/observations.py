"""What a thermometer of a cold store reports, as a table with unit, range, purpose and retention."""

import polars as pl

from haihe.kernel.observations.tables import Field, ObservationTable


class ColdStoreAir(ObservationTable):
    name = "cold_store_air"
    title_zh, title_en = "冷库空气温度", "Air in cold stores"
    purpose_zh, purpose_en = "冷库温度异常预警与事后核查", "Warning when a cold store gets warm, and later review"
    retention_days = 400

    air_c = Field(pl.Float64, "°C", -80, 60, "unverified", "空气温度", "air temperature")
