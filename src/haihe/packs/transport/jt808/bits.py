"""Alarm and status bits of a location, by name.

2013 rows: the alarm and status tables of the edition of 2013 (tables 25 and 24 as implementations cite them), which keep the
bits of 2011. 2019 rows: its list of differences, read in the exchange guide of emqx/emqx (apps/emqx_gateway_jt808): bits 15, 16,
17 new, 29 renamed, 31 reserved; status bits 6, 7, 22 new. The standard's own pages were not read: source unverified.
"""

from __future__ import annotations

from dataclasses import dataclass

UNVERIFIED = "unverified"


@dataclass(frozen=True)
class Bit:
    """One bit, or a group of bits with one value, that means something."""

    mask: int
    value: int
    zh: str
    en: str
    version: str = ""  # "" = every edition

    @property
    def name(self) -> str:
        return f"{self.zh} {self.en}"


def _bit(number: int, zh: str, en: str, version: str = "", on: bool = True) -> Bit:
    return Bit(1 << number, (1 << number) if on else 0, zh, en, version)


ALARMS = (
    _bit(0, "紧急报警", "emergency alarm"),
    _bit(1, "超速报警", "overspeed alarm"),
    _bit(2, "疲劳驾驶", "fatigue driving", "2013"),
    _bit(2, "疲劳驾驶报警", "fatigue driving alarm", "2019"),
    _bit(3, "危险预警", "danger warning", "2013"),
    _bit(3, "危险驾驶行为报警", "dangerous driving alarm", "2019"),
    _bit(4, "GNSS 模块故障", "GNSS module fault"),
    _bit(5, "GNSS 天线未接或被剪断", "GNSS antenna missing or cut"),
    _bit(6, "GNSS 天线短路", "GNSS antenna short circuit"),
    _bit(7, "终端主电源欠压", "main power low"),
    _bit(8, "终端主电源掉电", "main power lost"),
    _bit(9, "终端显示器故障", "display fault"),
    _bit(10, "TTS 模块故障", "speech module fault"),
    _bit(11, "摄像头故障", "camera fault"),
    _bit(12, "道路运输证 IC 卡模块故障", "IC card module fault"),
    _bit(13, "超速预警", "overspeed warning"),
    _bit(14, "疲劳驾驶预警", "fatigue warning"),
    _bit(15, "违规行驶报警", "forbidden driving alarm", "2019"),
    _bit(16, "胎压预警", "tyre pressure warning", "2019"),
    _bit(17, "右转盲区异常报警", "right-turn blind spot alarm", "2019"),
    _bit(18, "当天累计驾驶超时", "driving time of the day exceeded"),
    _bit(19, "超时停车", "parking time exceeded"),
    _bit(20, "进出区域", "area entered or left"),
    _bit(21, "进出路线", "route entered or left"),
    _bit(22, "路段行驶时间不足或过长", "time on road section too short or too long"),
    _bit(23, "路线偏离", "off the route"),
    _bit(24, "车辆 VSS 故障", "vehicle speed sensor fault"),
    _bit(25, "车辆油量异常", "abnormal fuel level"),
    _bit(26, "车辆被盗", "vehicle stolen"),
    _bit(27, "车辆非法点火", "unlawful ignition"),
    _bit(28, "车辆非法位移", "unlawful displacement"),
    _bit(29, "碰撞预警", "collision warning", "2013"),
    _bit(29, "碰撞侧翻报警", "collision or rollover alarm", "2019"),
    _bit(30, "侧翻预警", "rollover warning"),
    _bit(31, "非法开门报警", "unlawful door opening", "2013"),
)  # fmt: skip

STATUS = (
    _bit(0, "ACC 开", "ACC on"),
    _bit(0, "ACC 关", "ACC off", on=False),
    _bit(1, "已定位", "positioned"),
    _bit(1, "未定位", "not positioned", on=False),
    _bit(2, "南纬", "southern latitude"),
    _bit(3, "西经", "western longitude"),
    _bit(4, "停运", "out of service"),
    _bit(5, "经纬度已加密", "coordinates encrypted"),
    _bit(6, "紧急刹车系统前撞预警", "forward collision warning of the braking system", "2019"),
    _bit(7, "车道偏移预警", "lane departure warning", "2019"),
    Bit(0x300, 0x100, "半载", "half loaded"),
    Bit(0x300, 0x300, "满载", "fully loaded"),
    _bit(10, "油路断开", "fuel line cut"),
    _bit(11, "电路断开", "electric circuit cut"),
    _bit(12, "车门加锁", "doors locked"),
    _bit(13, "前门开", "front door open"),
    _bit(14, "中门开", "middle door open"),
    _bit(15, "后门开", "rear door open"),
    _bit(16, "驾驶席门开", "driver's door open"),
    _bit(17, "自定义门开", "fifth door open"),
    _bit(18, "使用 GPS 定位", "positioned by GPS"),
    _bit(19, "使用北斗定位", "positioned by BeiDou"),
    _bit(20, "使用 GLONASS 定位", "positioned by GLONASS"),
    _bit(21, "使用 Galileo 定位", "positioned by Galileo"),
    _bit(22, "车辆行驶", "vehicle moving", "2019"),
)  # fmt: skip
SOUTH_BIT = 1 << 2
WEST_BIT = 1 << 3

VEHICLE_SIGNALS = tuple(
    _bit(number, zh, en)
    for number, (zh, en) in enumerate((
        ("近光灯", "low beam"), ("远光灯", "high beam"), ("右转向灯", "right indicator"), ("左转向灯", "left indicator"),
        ("制动", "brake"), ("倒档", "reverse gear"), ("雾灯", "fog lamp"), ("示廓灯", "position lamp"), ("喇叭", "horn"),
        ("空调", "air conditioner"), ("空档", "neutral gear"), ("缓速器工作", "retarder working"), ("ABS 工作", "ABS working"),
        ("加热器工作", "heater working"), ("离合器", "clutch"),
    ))
)  # fmt: skip
IO_STATUS = (_bit(0, "深度休眠", "deep sleep"), _bit(1, "休眠", "sleep"))
VIDEO_ALARMS = (
    _bit(0, "视频信号丢失", "video signal lost"),
    _bit(1, "视频信号遮挡", "video signal covered"),
    _bit(2, "存储单元故障", "storage fault"),
    _bit(3, "其他视频设备故障", "other video equipment fault"),
    _bit(4, "客车超员", "bus overcrowded"),
    _bit(5, "异常驾驶行为", "abnormal driving"),
    _bit(6, "特殊报警录像达到存储阈值", "storage threshold of alarm recordings reached"),
)


def names(table: tuple[Bit, ...], bits: int, version: str = "") -> list[str]:
    """The names that apply to `bits` in an edition, in the order of the table."""
    return [row.name for row in table if bits & row.mask == row.value and row.version in ("", version)]
