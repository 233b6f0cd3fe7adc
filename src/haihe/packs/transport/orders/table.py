"""All orders. What a message holds stands in jt808/tables; here stands what a person is asked for, with limits and units."""

from __future__ import annotations

from typing import Any

from haihe.kernel.errors import InvalidInput
from haihe.packs.transport.jt808.fields import Number, Octets
from haihe.packs.transport.jt808.parameters import PARAMETERS
from haihe.packs.transport.jt808.tables.areas import SPEED_LIMITED, TIMED
from haihe.packs.transport.orders.forms import Input, Order, Values

GROUPS = {
    "read": ("查询", "Ask"), "tell": ("告知", "Tell"), "watch": ("跟踪与取证", "Follow and record"), "area": ("区域与路线", "Areas and routes"),
    "set": ("终端管理", "Manage the terminal"),
}  # fmt: skip
DWORD = 2**32 - 1
# A message of the standard has no such limit; what terminals keep is small, and the order is read by a person before it is sent.
VERTICES = 10_000


def _number(name: str, zh: str, en: str, most: float, *, least: float = 0, unit: str = "", default: Any = None, required: bool = True) -> Input:  # fmt: skip
    return Input(name, "number", zh, en, unit, least, most, default=default, required=required)


def _choice(name: str, zh: str, en: str, *choices: tuple[int, str, str], default: int | None = None) -> Input:
    return Input(name, "choice", zh, en, choices=choices, default=default)


def _same(values: Values, version: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _nothing(values: Values, version: str) -> dict[str, Any]:
    return {}


# --- parameters


def _id(written: str) -> int:
    try:
        return int(written, 16)
    except ValueError as error:
        raise InvalidInput(
            f"“{written}”不是参数 ID，如 0x0029。",
            f"{written!r} is no parameter id such as 0x0029.",
            where="parameters",
        ) from error


def _query(values: Values, version: str) -> dict[str, Any]:
    ids = [{"id": f"0x{_id(name):08X}"} for name, _ in values["ids"] or []]
    return {"message_id": "0x8106", "ids": ids} if ids else {"message_id": "0x8104"}


def _parameters(values: Values, version: str) -> dict[str, Any]:
    rows = []
    for written, value in values["parameters"]:
        number = _id(written)
        if number not in PARAMETERS:
            raise InvalidInput(
                f"参数 {written} 不在标准的参数表中。",
                f"{written} is no parameter of the standard.",
                where="parameters",
            )
        kind = PARAMETERS[number][0]
        try:
            ready: Any = float(value) if isinstance(kind, Number) else value
            kind.write(ready)
        except (ValueError, OverflowError) as error:
            wanted = (
                ("数字", "a number")
                if isinstance(kind, Number)
                else ("十六进制", "hexadecimal digits")
                if isinstance(kind, Octets)
                else ("文字", "a text")
            )
            raise InvalidInput(f"参数 {written} 的值“{value}”不合要求，应为范围内的{wanted[0]}。", f"{value!r} cannot be the value of {written}: {wanted[1]} within its range is wanted.",
                               where="parameters") from error  # fmt: skip
        rows.append({"id": f"0x{number:04X}", "value": ready})
    return {"parameters": rows}


# --- areas

_AREA = (
    _number("id", "区域或路线 ID", "Id of the area or route", DWORD, least=1),
    Input("name", "text", "名称（2019 版）", "Name (2019)", most=100, required=False),
    Input("start_time", "time", "起始时间", "From", required=False, hint_zh="每天：08:30；或 2026-05-01 08:30", hint_en="Every day: 08:30; or 2026-05-01 08:30"),
    Input("end_time", "time", "结束时间", "Until", required=False),
    _number("speed_limit_kmh", "最高速度", "Speed limit", 250, least=1, unit="km/h", required=False),
    _number("overspeed_s", "超速持续时间", "Overspeed duration", 255, unit="s", default=10),
    _choice("tell", "进出报警", "Alarms", (0, "不报警", "None"), (0b111100, "进出都报给驾驶员和平台", "Entering and leaving, to driver and platform"),
            (0b001100, "进入", "Entering"), (0b110000, "离开", "Leaving"), default=0b111100),
)  # fmt: skip


def _outline(values: Values, version: str, latitude: float, longitude: float) -> dict[str, Any]:
    """What all kinds of area have in common; the attribute bits follow from what was given."""
    bits = values["tell"] | (1 << 6 if latitude < 0 else 0) | (1 << 7 if longitude < 0 else 0)
    found: dict[str, Any] = {"id": values["id"], "name": values["name"] or ""}
    if (values["start_time"] is None) != (values["end_time"] is None):
        raise InvalidInput("起始时间和结束时间要么都填，要么都不填。", "Give both times or neither.", where="end_time")
    if values["start_time"] is not None:
        bits |= TIMED
        found |= {"start_time": values["start_time"], "end_time": values["end_time"]}
    if values["speed_limit_kmh"] is not None:
        bits |= SPEED_LIMITED
        found |= {
            "speed_limit_kmh": values["speed_limit_kmh"],
            "overspeed_s": values["overspeed_s"],
            "night_speed_limit_kmh": values["speed_limit_kmh"],
        }
    return found | {"attribute_bits": bits}


def _circle(values: Values, version: str) -> dict[str, Any]:
    [[longitude, latitude]] = values["centre"]
    area = _outline(values, version, latitude, longitude)
    return {
        "action": 1,
        "areas": [
            area | {"latitude_deg": abs(latitude), "longitude_deg": abs(longitude), "radius_m": values["radius_m"]}
        ],
    }


def _rectangle(values: Values, version: str) -> dict[str, Any]:
    (west, north), (east, south) = values["corners"]
    if not (west < east and south < north):
        raise InvalidInput(
            "先写左上角，再写右下角。", "The top left corner comes first, then the bottom right one.", where="corners"
        )
    area = _outline(values, version, north, west)
    corners = {
        "top_left_latitude_deg": abs(north),
        "top_left_longitude_deg": abs(west),
        "bottom_right_latitude_deg": abs(south),
        "bottom_right_longitude_deg": abs(east),
    }
    return {"action": 1, "areas": [area | corners]}


def _polygon(values: Values, version: str) -> dict[str, Any]:
    points = [
        {"latitude_deg": abs(latitude), "longitude_deg": abs(longitude)} for longitude, latitude in values["points"]
    ]
    return _outline(values, version, values["points"][0][1], values["points"][0][0]) | {"points": points}


def _route(values: Values, version: str) -> dict[str, Any]:
    """A speed limit of a route belongs to its sections."""
    route = _outline(values, version, 0, 0)
    limits = {
        name: route.pop(name) for name in ("speed_limit_kmh", "overspeed_s", "night_speed_limit_kmh") if name in route
    }
    route["attribute_bits"] &= ~SPEED_LIMITED
    turns = [
        {"id": place, "section_id": place, "latitude_deg": abs(latitude), "longitude_deg": abs(longitude), "width_m": values["width_m"],
         "section_bits": (SPEED_LIMITED if limits else 0) | (4 if latitude < 0 else 0) | (8 if longitude < 0 else 0), **limits}
        for place, (longitude, latitude) in enumerate(values["points"], 1)
    ]  # fmt: skip
    return route | {"points": turns}


def _ids(values: Values) -> list[dict[str, int]]:
    try:
        return [{"id": int(name)} for name, _ in values["ids"] or []]
    except ValueError as error:
        raise InvalidInput("ID 应为数字。", "Ids are numbers.", where="ids") from error


def _delete(values: Values, version: str) -> dict[str, Any]:
    return {"message_id": {1: "0x8601", 2: "0x8603", 3: "0x8605", 4: "0x8607"}[values["kind"]], "ids": _ids(values)}


def _areas_asked(values: Values, version: str) -> dict[str, Any]:
    return {"kind": values["kind"], "ids": _ids(values)}


_KIND = _choice(
    "kind",
    "类型",
    "Kind",
    (1, "圆形", "Circles"),
    (2, "矩形", "Rectangles"),
    (3, "多边形", "Polygons"),
    (4, "路线", "Routes"),
)
_IDS = Input("ids", "lines", "ID（每行一个，空为全部）", "Ids, one a line; none for all", most=125, required=False)


# --- lists


def _numbered(values: Values, name: str, key: str, text: str) -> list[dict[str, Any]]:
    """Lines `1=text` as rows of a number and a text."""
    rows = []
    for number, words in values[name] or []:
        if not number.isdigit() or int(number) > 255 or not words:
            raise InvalidInput(
                "每行写“编号=内容”，编号 0–255。", "Write number=text on each line, numbers from 0 to 255.", where=name
            )
        rows.append({key: int(number), text: words})
    return rows


def _contacts(values: Values, version: str) -> dict[str, Any]:
    rows = [{"flags": 3, "phone": phone, "name": name} for name, phone in values["contacts"] or []]
    if any(not row["phone"] for row in rows):
        raise InvalidInput("每行写“姓名=电话”。", "Write name=telephone on each line.", where="contacts")
    return {"action": values["action"]} | ({"contacts": rows} if values["action"] else {})


def _events(values: Values, version: str) -> dict[str, Any]:
    return {"action": values["action"]} | (
        {"events": _numbered(values, "events", "id", "text")} if values["action"] else {}
    )


def _services(values: Values, version: str) -> dict[str, Any]:
    return {"action": values["action"]} | (
        {"services": _numbered(values, "services", "kind", "name")} if values["action"] else {}
    )


def _question(values: Values, version: str) -> dict[str, Any]:
    return {"flags": 0b11010, "text": values["text"], "answers": _numbered(values, "answers", "id", "text")}


def _text(values: Values, version: str) -> dict[str, Any]:
    return {"flags": values["flags"], "kind": 1, "text": values["text"]}


def _door(values: Values, version: str) -> dict[str, Any]:
    """2013 says lock by 1; 2019, as two of three implementations have it, by 0."""
    return {"controls": [{"id": 1, "value": 1 - values["lock"]}]} if version == "2019" else {"flags": values["lock"]}


_ACTION = ((0, "删除全部", "Delete all"), (1, "更新", "Replace"), (2, "追加", "Add"), (3, "修改", "Change"))
_CHANNEL = _number("channel", "通道", "Channel", 255, least=1, default=1)
_KEEP = _choice(
    "keep", "保存", "Keep", (0, "立即上传", "Send at once"), (1, "存在终端", "Keep in the terminal"), default=0
)
_MEDIA_KIND = _choice("kind", "类型", "Kind", (0, "图像", "Pictures"), (1, "音频", "Sound"), (2, "视频", "Video"))
_MEDIA = (
    _MEDIA_KIND,
    _number("channel", "通道，0 为全部", "Channel, 0 for all", 255, default=0),
    _choice(
        "event",
        "事件",
        "Event",
        (0, "平台指令", "Asked for"),
        (1, "定时", "Timed"),
        (2, "抢劫报警", "Robbery"),
        (3, "碰撞侧翻", "Collision"),
        default=0,
    ),
    Input(
        "start_time",
        "time",
        "起始（空为不限）",
        "From (none for any)",
        required=False,
        hint_zh="2026-05-01 08:30",
        hint_en="2026-05-01 08:30",
    ),
    Input("end_time", "time", "结束（空为不限）", "Until (none for any)", required=False),
)
_DELETE_AFTER = _choice("delete", "上传后", "Afterwards", (0, "保留", "Keep"), (1, "删除", "Delete"), default=0)


def _period(values: Values, version: str) -> dict[str, Any]:
    if any(value and "T" not in value for value in (values["start_time"], values["end_time"])):
        raise InvalidInput("检索时间应带日期。", "The times need their days.", where="start_time")
    return dict(values)


def _picture(values: Values, version: str) -> dict[str, Any]:
    return {"interval_s": 0, "quality": 3, "brightness": 127, "contrast": 63, "saturation": 63, "chroma": 127} | values


def _attachments(values: Values, version: str) -> dict[str, Any]:
    """The identifier as the alert's evidence names it; its length is that of the terminal's id (7 bytes, or 30)."""
    long = len(values["alarm_terminal"]) > 7
    if "T" not in values["alarm_time"]:
        raise InvalidInput("报警时间应带日期。", "The alarm's time needs its day.", where="alarm_time")
    identifier = {
        "terminal_id": values["alarm_terminal"], "time": values["alarm_time"], "number": values["number"], "attachments": values["attachments"],
        "reserved": "0000" if long else "00",
    }  # fmt: skip
    return {
        "address": values["address"], "tcp_port": values["tcp_port"], "udp_port": 0, "identifier": identifier,
        "alarm_number": values.get("alarm_number", ""), "reserved": "00" * 16, "layout": "2019" if long else "2013",
    }  # fmt: skip


_ROWS = (
    Order("query_parameters", "0x8104", "查询参数", "Query parameters", "read",
          (Input("ids", "lines", "参数 ID（每行一个，空为全部）", "Parameter ids, one a line; none for all", most=200, required=False, hint_zh="如 0x0029", hint_en="such as 0x0029"),), _query, "0x0104", shown=("parameters",)),
    Order("attributes", "0x8107", "查询终端属性", "Query attributes", "read", (), _nothing, "0x0107"),
    Order("call_position", "0x8201", "点名（查询位置）", "Call the position", "read", (), _nothing, "0x0201",
          shown=("time", "longitude_deg", "latitude_deg", "speed_kmh", "heading_deg", "status", "alarms")),
    Order("driver", "0x8702", "查询驾驶员身份", "Query the driver", "read", (), _nothing, "0x0702", shown=("state", "time", "result")),
    Order("query_areas", "0x8608", "查询区域或路线", "Query areas", "read", (_KIND, _IDS), _areas_asked, "0x0608", edition="2019"),
    Order("recorder", "0x8700", "采集行驶记录", "Read the recorder", "read",
          (Input("command", "number", "命令字（GB/T 19056）", "Command of GB/T 19056", least=0, most=255), Input("data", "hex", "数据块", "Data", most=900, default="")), _same, "0x0700"),
    Order("link_test", "0x8204", "链路检测", "Test the link", "read", (), _nothing),
    Order("text", "0x8300", "文本信息", "Text", "tell",
          (Input("text", "text", "内容", "Text", least=1, most=499),
           _choice("flags", "方式", "How", (0b100, "屏幕显示", "On the display"), (0b1000, "语音播读", "Read aloud"), (0b1100, "显示并播读", "Both"), (0b1101, "紧急：显示并播读", "Urgent: both"), default=0b100)), _text),
    Order("question", "0x8302", "提问", "Question", "tell",
          (Input("text", "text", "问题", "Question", least=1, most=254), Input("answers", "lines", "候选答案（每行“编号=内容”）", "Answers, number=text on each line", least=1, most=20)), _question, "0x0302"),
    Order("events", "0x8301", "事件设置", "Events", "tell",
          (_choice("action", "方式", "How", *_ACTION), Input("events", "lines", "事件（每行“编号=内容”）", "Events, number=text on each line", most=50, required=False)), _events),
    Order("services", "0x8303", "点播菜单", "Menu of services", "tell",
          (_choice("action", "方式", "How", *_ACTION), Input("services", "lines", "菜单（每行“类型=名称”）", "Menu, kind=name on each line", most=50, required=False)), _services),
    Order("service", "0x8304", "信息服务", "Service", "tell",
          (_number("kind", "信息类型", "Kind", 255), Input("text", "text", "内容", "Text", least=1, most=1000)), _same),
    Order("phone_book", "0x8401", "电话本", "Telephone book", "tell",
          (_choice("action", "方式", "How", *_ACTION), Input("contacts", "lines", "联系人（每行“姓名=电话”）", "Contacts, name=telephone on each line", most=50, required=False)), _contacts),
    Order("confirm_alarm", "0x8203", "确认报警", "Confirm alarms", "tell",
          (_number("alarm_serial", "报警消息流水号，0 为该类全部", "Serial of the alarm, 0 for all", 65535, default=0),
           _choice("alarm_bits", "报警", "Alarm", (1, "紧急报警", "Emergency"), (1 << 3, "危险预警", "Danger"), (1 << 20, "进出区域", "Area"), (1 << 21, "进出路线", "Route"),
                   (1 << 22, "路段行驶时间", "Section time"), (1 << 27, "非法点火", "Ignition"), (1 << 28, "非法位移", "Displacement"))), _same),
    Order("tracking", "0x8202", "临时跟踪", "Temporary tracking", "watch",
          (_number("interval_s", "间隔，0 为停止", "Interval, 0 ends it", 3600, unit="s"), _number("duration_s", "有效期", "For", 86_400, unit="s", default=600)), _same),
    Order("photograph", "0x8801", "拍照", "Photograph", "watch",
          (_CHANNEL, _number("command", "张数，0 为停止", "Pictures, 0 stops", 20, default=1), _KEEP,
           _choice("resolution", "分辨率", "Resolution", (1, "320×240", "320×240"), (2, "640×480", "640×480"), (3, "800×600", "800×600"), (4, "1024×768", "1024×768"), default=2)), _picture, "0x0805", guarded=True),
    Order("media_search", "0x8802", "检索存储多媒体", "Search stored media", "watch", _MEDIA, _period, "0x0802", guarded=True),
    Order("media_upload", "0x8803", "上传存储多媒体", "Upload stored media", "watch", (*_MEDIA, _DELETE_AFTER), _period, guarded=True),
    Order("media_one", "0x8805", "上传单条多媒体", "Upload one item", "watch", (_number("media_id", "多媒体 ID", "Media id", DWORD), _DELETE_AFTER), _same, guarded=True),
    Order("recording", "0x8804", "录音", "Recording", "watch",
          (_choice("command", "录音", "Recording", (1, "开始", "Start"), (0, "停止", "Stop"), default=1), _number("duration_s", "时长", "Length", 600, least=1, unit="s", default=30), _KEEP,
           _choice("sampling", "采样率", "Sampling", (0, "8 kHz", "8 kHz"), (1, "11 kHz", "11 kHz"), (2, "23 kHz", "23 kHz"), (3, "32 kHz", "32 kHz"), default=0)), _same, guarded=True),
    Order("call_back", "0x8400", "回拨与监听", "Call-back and monitoring", "watch",
          (_choice("mode", "方式", "How", (0, "普通通话", "Call"), (1, "监听", "Monitoring"), default=0), Input("phone", "text", "回拨电话号码", "Telephone number", least=3, most=20)), _same, guarded=True),
    Order("attachments", "0x9208", "上传报警附件", "Upload an alarm's attachments", "watch",
          (Input("alarm_terminal", "text", "终端 ID（见预警证据）", "Terminal id (in the alert's evidence)", least=1, most=30), Input("alarm_time", "time", "报警时间", "Time of the alarm"),
           _number("number", "序号", "Number", 255), _number("attachments", "附件数量", "Attachments", 32, least=1),
           Input("address", "text", "本区附件服务地址", "Address of this district's file port", least=1, most=60), _number("tcp_port", "端口", "Port", 65535, least=1, default=7612)),
          _attachments, guarded=True, drawn="alarm_number"),
    Order("circle", "0x8600", "设置圆形区域", "Set a circle", "area",
          (*_AREA, Input("centre", "points", "中心点（经度,纬度）", "Centre (longitude,latitude)", least=1, most=1), _number("radius_m", "半径", "Radius", 1_000_000, least=1, unit="m")), _circle),
    Order("rectangle", "0x8602", "设置矩形区域", "Set a rectangle", "area",
          (*_AREA, Input("corners", "points", "左上角、右下角（每行“经度,纬度”）", "Top left and bottom right (longitude,latitude on each line)", least=2, most=2)), _rectangle),
    Order("polygon", "0x8604", "设置多边形区域", "Set a polygon", "area",
          (*_AREA, Input("points", "points", "顶点（每行“经度,纬度”）", "Points (longitude,latitude on each line)", least=3, most=VERTICES)), _polygon),
    Order("route", "0x8606", "设置路线", "Set a route", "area",
          (*_AREA, Input("points", "points", "拐点（每行“经度,纬度”）", "Turns (longitude,latitude on each line)", least=2, most=VERTICES), _number("width_m", "路宽", "Width", 255, least=1, unit="m", default=50)), _route),
    Order("delete_areas", "0x8601", "删除区域或路线", "Delete areas or routes", "area", (_KIND, _IDS), _delete),
    Order("set_parameters", "0x8103", "设置参数", "Set parameters", "set",
          (Input("parameters", "lines", "参数（每行“ID=值”）", "Parameters, id=value on each line", least=1, most=100, hint_zh="如 0x0029=30", hint_en="such as 0x0029=30"),), _parameters, guarded=True),
    Order("control", "0x8105", "终端控制", "Control the terminal", "set",
          (_choice("command", "命令", "Command", (1, "无线升级", "Upgrade"), (2, "连接指定服务器", "Connect to a server"), (3, "关机", "Switch off"), (4, "复位", "Reset"), (5, "恢复出厂设置", "Factory settings"), (6, "关闭数据通信", "Close data"), (7, "关闭所有无线通信", "Close all radio")),
           Input("parameters", "text", "命令参数", "Parameters", most=500, default="")), _same, guarded=True),
    Order("door", "0x8500", "车门控制", "Doors", "set", (_choice("lock", "车门", "Doors", (1, "加锁", "Lock"), (0, "解锁", "Unlock")),), _door, "0x0500", guarded=True,
          shown=("time", "status")),
    Order("upgrade", "0x8108", "终端升级", "Upgrade", "set",
          (_choice("part", "部件", "Part", (0, "终端", "Terminal"), (12, "IC 卡读卡器", "Card reader"), (52, "北斗模块", "BeiDou module"), default=0), Input("maker", "text", "制造商 ID", "Maker", least=1, most=5),
           Input("firmware_version", "text", "版本号", "Version", least=1, most=50), Input("data", "file", "升级包", "Package", least=1, most=2_000_000)), _same, "0x0108", guarded=True),
    Order("recorder_parameters", "0x8701", "下传行驶记录参数", "Set the recorder", "set",
          (_number("command", "命令字（GB/T 19056）", "Command of GB/T 19056", 255), Input("data", "hex", "数据块", "Data", least=1, most=900)), _same, guarded=True),
    Order("transparent", "0x8900", "数据透传", "Transparent data", "set",
          (_number("kind", "透传类型", "Kind", 255), Input("data", "hex", "内容", "Data", least=1, most=100_000)), _same, guarded=True),
    Order("platform_key", "0x8A00", "平台 RSA 公钥", "Platform key", "set",
          (_number("exponent", "e", "e", DWORD, least=3, default=65537), Input("modulus", "hex", "n（128 字节）", "n (128 bytes)", least=128, most=128)), _same, "0x0A00", guarded=True),
)  # fmt: skip
ORDERS: dict[str, Order] = {order.name: order for order in _ROWS}
ANSWERS = frozenset(int(order.answer, 16) for order in _ROWS if order.answer)
