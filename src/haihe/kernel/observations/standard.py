"""Tables that many packs need and the kernel brings itself."""

from __future__ import annotations

import polars as pl

from haihe.kernel.observations.tables import Field, ObservationTable

OWN_LIMIT = "unverified (bounds of what is possible, chosen by the project)"


class Position(ObservationTable):
    """Where a thing was. Coordinates are WGS 84; feeds convert at the edge. `status_bits` and `alarm_bits` are as the feed's
    protocol defines them, `items` keeps the rest of the message as it came."""

    name = "position"
    title_zh, title_en = "位置", "Position"
    purpose_zh = "营运车辆等登记对象的动态监管、预警及事后核查"
    purpose_en = "Supervision of registered vehicles and other things: warnings and later review"
    # How long tracks must be kept is for each pack's law to say; half a year is the project's own default.
    retention_days = 183
    personal = True

    longitude_deg = Field(pl.Float64, "°", -180, 180, OWN_LIMIT, "经度", "longitude", decimals=6)
    latitude_deg = Field(pl.Float64, "°", -90, 90, OWN_LIMIT, "纬度", "latitude", decimals=6)
    altitude_m = Field(pl.Float64, "m", -500, 9000, OWN_LIMIT, "海拔", "altitude", decimals=0)
    speed_kmh = Field(pl.Float64, "km/h", 0, 250, OWN_LIMIT, "速度", "speed", decimals=1)
    heading_deg = Field(pl.Float64, "°", 0, 360, OWN_LIMIT, "方向", "heading", decimals=0)
    mileage_km = Field(pl.Float64, "km", 0, 10_000_000, OWN_LIMIT, "里程", "mileage", decimals=1)
    status_bits = Field(pl.UInt32, title_zh="状态位", title_en="status bits")
    alarm_bits = Field(pl.UInt32, title_zh="报警位", title_en="alarm bits")
    items = Field(pl.Binary, title_zh="附加信息", title_en="additional items")


class RawFrame(ObservationTable):
    """A frame as it came or went: the evidence of what was decoded. `direction` is "in" or "out"; `issues` is JSON."""

    name = "raw_frame"
    title_zh, title_en = "原始报文", "Raw frames"
    purpose_zh, purpose_en = (
        "核对解码结果、处理争议的原始证据",
        "Evidence for checking decoded values and settling disputes",
    )
    retention_days = 183
    personal = True
    keeps_latest = False

    feed = Field(pl.String, title_zh="接入", title_en="feed")
    session = Field(pl.String, title_zh="会话", title_en="session")
    direction = Field(pl.String, title_zh="方向", title_en="direction")
    frame = Field(pl.Binary, title_zh="报文", title_en="frame")
    issues = Field(pl.String, title_zh="问题", title_en="issues")


class Presence(ObservationTable):
    """When a device came and went: `state` is "back", "lost" or "replaced" (by another connection of the same device)."""

    name = "presence"
    title_zh, title_en = "终端上下线", "Coming and going of devices"
    purpose_zh, purpose_en = "统计上线率、发现失联设备", "Online rates, and devices that are lost"
    retention_days = 400

    feed = Field(pl.String, title_zh="接入", title_en="feed")
    device = Field(pl.String, title_zh="设备", title_en="device")
    state = Field(pl.String, title_zh="状态", title_en="state")
    because = Field(pl.String, title_zh="原因", title_en="reason")
