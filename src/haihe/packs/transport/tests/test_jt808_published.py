"""Every value that the publishers of frames give is the value that we decode."""

from __future__ import annotations

from typing import Any

import pytest

from haihe.packs.transport.jt808.codec import decode, encode
from haihe.packs.transport.tests.published import Published, go_jt808, traccar, yezhihao

# Fields of the first source whose name differs from ours, for messages that are compared by name; the others are compared by value.
NAMES = {
    "responseSerialNo": "reply_serial", "resultCode": "result", "token": "auth_code", "imei": "imei", "softwareVersion": "software_version",
    "provinceId": "province", "cityId": "city", "makerId": "maker", "deviceModel": "model", "deviceId": "terminal_id",
    "plateColor": "plate_colour", "plateNo": "plate", "sign": "flags", "content": "text", "command": "command", "parameter": "parameters",
    "total": "count",
}  # fmt: skip
LOCATION = {
    "warnBit": "alarm_bits", "statusBit": "status_bits", "altitude": "altitude_m", "direction": "heading_deg",
}  # fmt: skip
HEADER = {"messageId", "properties", "protocolVersion", "clientId", "serialNo", "verified"}
ATTACHMENTS = {0x1210, 0x1211, 0x1212, 0x9208, 0x9212}  # of T/JSATL 12; other messages 0x1… and 0x9… are video
DECODED = {"0x0001", "0x8001", "0x0100", "0x8100", "0x0102", "0x8105", "0x8300"}
# Scale between what the first source prints (as sent) and our units.
ITEM_SCALES = {1: 10, 2: 10, 3: 10}
ALARM_NAMES = {
    "id": "alarm_id", "state": "state", "type": "type", "level": "level", "frontSpeed": "front_speed_kmh",
    "frontDistance": "front_distance_ds", "deviateType": "deviation", "roadSign": "road_sign", "roadSignValue": "road_sign_value",
    "speed": "speed_kmh", "altitude": "altitude_m", "fatigueDegree": "fatigue_level", "statusBit": "vehicle_status_bits",
}  # fmt: skip
AREA_NAMES = {
    "areaType": "position_type", "areaId": "area_id", "direction": "direction", "driveTime": "driving_time_s", "result": "result",
}  # fmt: skip


def labelled(published: Published) -> str:
    return published.frame[1:5].hex()


@pytest.mark.parametrize("published", yezhihao(), ids=labelled)
def test_header_and_raw_body_of_125_frames(published: Published) -> None:
    said, found = published.said, decode(published.frame)
    assert int(found["message_id"], 16) == said["messageId"]
    assert found["version"] == ("2019" if said["properties"] & 0x4000 else "2013")
    assert (found["phone"], found["serial"]) == (said["clientId"], said["serialNo"])
    assert found["checksum_ok"] and found["length_ok"]
    of_video = said["messageId"] & 0xF000 in (0x1000, 0x9000) and said["messageId"] not in ATTACHMENTS
    assert (found["name"] is None) is of_video
    assert encode(found) == published.frame
    assert ("raw_frame" in found["body"]) is (
        said["messageId"] == 0x8400
    )  # the source fills the telephone number up to 20 bytes


@pytest.mark.parametrize("published", [p for p in yezhihao() if decode(p.frame)["message_id"] in DECODED], ids=labelled)
def test_every_field_of_the_messages_we_decode(published: Published) -> None:
    said, body = published.said, decode(published.frame)["body"]
    checked = set()
    for name, value in said.items():
        if name in HEADER or (name == "type" and "kind" not in body):
            continue  # the source prints the type of a 2013 text, which has none, as 0
        ours = "kind" if name == "type" else "reply_id" if name == "responseMessageId" else NAMES[name]
        assert body[ours] == (f"0x{value:04X}" if ours == "reply_id" else value), name
        checked.add(ours)
    assert checked == set(body)


def leaves(value: Any, name: str = "") -> list[tuple[str, str]]:
    """(name, value) of every number and text, in one way of writing: bytes as digits, degrees as sent, times without a zone."""
    if isinstance(value, dict):
        return [leaf for key, part in value.items() for leaf in leaves(part, key)]
    if isinstance(value, list):
        if value and all(isinstance(part, int) and part < 256 for part in value) and "id" not in name.lower():
            return [(name, bytes(value).hex())]
        return [leaf for part in value for leaf in leaves(part, name)]
    if isinstance(value, float):
        return [(name, str(round(value * (1_000_000 if name.endswith("_deg") else 10))))]
    if isinstance(value, str) and value.startswith("0x"):
        return [(name, str(int(value, 16)))]
    return [(name, str(value).removesuffix("+08:00").lower())]


def says(mine: str, value: str) -> bool:
    """Whether our value is the published one; times are printed as digits, with or without their zeros, and bytes as a number."""
    digits = mine.replace("-", "").replace(":", "").replace("t", "")
    return mine == value or (len(value) >= 6 and digits.endswith(value)) or mine.lstrip("0") == value


# Compared field by field elsewhere; the tables that a maker put into transparent data (0x0900) are none of the standard.
ELSEWHERE = {"0x0104", "0x8103", "0x0200", "0x0201", "0x0704", "0x0500", "0x0900"}


@pytest.mark.parametrize(
    "published", [p for p in yezhihao() if (f := decode(p.frame))["name"] and f["message_id"] not in ELSEWHERE], ids=labelled
)  # fmt: skip
def test_every_value_of_every_other_message(published: Published) -> None:
    found = decode(published.frame)
    ours = [value for _, value in leaves(found["body"])]
    for name, value in leaves({key: part for key, part in published.said.items() if key not in HEADER}):
        if (
            name in HEADER
            or name in ("param", "total", "deviceId_")
            or (name == "type" and found["message_id"] == "0x8300")
        ):
            continue  # printed for the other edition too, or a number of rows that our list has
        mine = next((mine for mine in ours if says(mine, value)), None)
        assert mine is not None, (name, value, ours)
        ours.remove(mine)


def check_location(said: dict[str, Any], body: dict[str, Any]) -> None:
    for theirs, ours in LOCATION.items():
        assert body[ours] == said[theirs]
    south, west = said["statusBit"] & 4, said["statusBit"] & 8
    assert body["latitude_deg"] * (-1 if south else 1) == said["latitude"] / 1e6
    assert body["longitude_deg"] * (-1 if west else 1) == said["longitude"] / 1e6
    assert body["speed_kmh"] == said["speed"] / 10
    assert body["time"] == said["deviceTime"] + "+08:00"
    items = said.get("attributes", {})
    assert list(body["items"]) == [f"0x{int(number):02X}" for number in items]
    for number, value in items.items():
        check_item(int(number), value, body["items"][f"0x{int(number):02X}"])


def check_item(number: int, said: Any, ours: dict[str, Any]) -> None:
    if number == 0x05:
        assert ours["value"] == said["value"]
    elif number == 0x13:  # the source calls the section an area
        assert ours["value"] == {
            "section_id": said["areaId"],
            "driving_time_s": said["driveTime"],
            "result": said["result"],
        }
    elif number in (0x11, 0x12):
        assert ours["value"] == {AREA_NAMES[name]: value for name, value in said.items()}
    elif number == 0x2B:
        assert ours["value"]["ad1"] << 16 | ours["value"]["ad0"] == said
    elif number in (0x64, 0x65, 0x66, 0x67):
        check_active_safety(said, ours["value"])
    else:
        assert ours["value"] == said / ITEM_SCALES.get(number, 1)


def check_active_safety(said: dict[str, Any], ours: dict[str, Any]) -> None:
    identifier = ours["identifier"]
    assert (identifier["terminal_id"], identifier["number"], identifier["attachments"]) == (
        said["deviceId"],
        said["sequenceNo"],
        said["fileTotal"],
    )
    assert (identifier["time"], ours["time"]) == (said["dateTime"] + "+08:00", said["alarmTime"] + "+08:00")
    assert int(identifier["reserved"], 16) == said["reserved"]
    assert (ours["latitude_deg"], ours["longitude_deg"]) == (said["latitude"] / 1e6, said["longitude"] / 1e6)
    for theirs, name in ALARM_NAMES.items():
        if theirs in said:
            assert ours[name] == said[theirs], theirs
    if "reserves" in said:
        assert int(ours["reserved"], 16) == said["reserves"]


def test_locations_with_all_their_items() -> None:
    checked = 0
    for published in yezhihao():
        found = decode(published.frame)
        if found["message_id"] in ("0x0200", "0x0201", "0x0500"):
            check_location(published.said, found["body"])
            checked += 1
        if found["message_id"] == "0x0201":
            assert found["body"]["reply_serial"] == published.said["responseSerialNo"]
    assert checked == 6


def test_batches() -> None:
    batches = [p for p in yezhihao() if decode(p.frame)["message_id"] == "0x0704"]
    assert len(batches) == 2
    for published in batches:
        body = decode(published.frame)["body"]
        assert (body["count"], body["kind"]) == (published.said["total"], published.said["type"])
        for said, entry in zip(published.said["items"], body["locations"], strict=True):
            check_location(said, entry)


def test_parameters_and_ids_of_parameters() -> None:
    checked = 0
    for published in yezhihao():
        found = decode(published.frame)
        if "parameters" in found["body"] and isinstance(found["body"]["parameters"], list):
            rows = found["body"]["parameters"]
            assert [int(row["id"], 16) for row in rows] == [int(number) for number in published.said["parameters"]]
            # The source leaves out how many there are; its frames hold 7, and the count in them is the number of rows.
            assert len(rows) == found["body"]["count"]
            checked += 1
        if found["message_id"] == "0x8106":
            assert [int(row["id"], 16) for row in found["body"]["ids"]] == published.said["id"]
            checked += 1
    assert checked == 6


LABELS = {
    "应答消息流水号": "reply_serial", "应答流水号": "reply_serial", "结果": "result", "省域ID": "province", "市县域ID": "city", "车牌颜色": "plate_colour",
    "制造商ID(5)": "maker", "制造商ID(11)": "maker", "终端型号(8)": "model", "终端型号(20)": "model", "终端型号(30)": "model",
    "终端ID(7)": "terminal_id", "终端ID(30)": "terminal_id", "车牌号": "plate", "鉴权码": "auth_code", "终端IMEI": "imei", "软件版本": "software_version",
    "数据项个数": "count", "位置汇报类型": "kind",
}  # fmt: skip
LOCATION_LABELS = {
    "报警标志": ("alarm_bits", 1), "状态标志": ("status_bits", 1), "纬度": ("latitude_deg", 1e6), "经度": ("longitude_deg", 1e6),
    "海拔高度": ("altitude_m", 1), "速度": ("speed_kmh", 10), "方向": ("heading_deg", 1),
}  # fmt: skip
HEADER_LABELS = {"消息ID", "消息体属性对象", "协议版本号(2019)", "终端手机号", "消息流水号", "校验码", "鉴权码长度"}
# Provably wrong in the second source: its batch of two entries (count 2, length 63 = 3 + 2 × 30) is printed with four.
PRINTED_TOO_OFTEN = {"0x0704"}


@pytest.mark.parametrize("published", go_jt808(), ids=labelled)
def test_frames_of_2011_2013_and_2019_with_the_values_of_the_second_source(published: Published) -> None:
    found = decode(published.frame)
    body = found["body"]
    assert found["checksum_ok"] and found["length_ok"] and encode(found) == published.frame
    locations = body.get("locations", [body])
    seen: dict[str, int] = {}
    for digits, label, value in published.said:
        seen[label] = seen.get(label, 0) + 1
        if label in LOCATION_LABELS or label == "时间":
            if found["message_id"] in PRINTED_TOO_OFTEN and seen[label] > body["count"]:
                continue
            entry = locations[seen[label] - 1]
            name, scale = LOCATION_LABELS.get(label, ("time", 1))
            assert entry[name] == (value.replace(" ", "T") + "+08:00" if label == "时间" else int(value) / scale)
        elif label == "应答消息ID":
            assert body["reply_id"] == f"0x{int(value):04X}"
        elif label == "终端手机号":
            assert found["phone"] == value
        elif label == "消息流水号":
            assert found["serial"] == int(value)
        elif label not in HEADER_LABELS:
            assert str(body[LABELS[label]]) == value, (label, digits)


def test_registrations_of_three_editions_are_told_apart() -> None:
    layouts = [
        found["body"].get("layout", found["version"])
        for found in (decode(published.frame) for published in go_jt808())
        if found["message_id"] == "0x0100"
    ]
    assert layouts == ["2011", "2013", "2019"]


@pytest.mark.parametrize("published", traccar(), ids=labelled)
def test_frames_of_many_makers(published: Published) -> None:
    found = decode(published.frame)
    broken = "broken" in published.said
    assert found["checksum_ok"] is not broken and found["length_ok"] is not broken
    assert encode(found) == published.frame
    for expectation in published.said:
        if expectation in ("broken", "position"):
            continue
        name, wanted = expectation.split("=")
        assert value_of(found["body"], name) == wanted, name
    for entry in found["body"].get("locations", [found["body"]]):
        if "longitude_deg" in entry:
            assert -180 <= entry["longitude_deg"] <= 180 and -90 <= entry["latitude_deg"] <= 90


def value_of(body: dict[str, Any], name: str) -> str:
    if not name.startswith("0x"):
        return str(body[name])
    entry = body["locations"][0] if "locations" in body else body
    first, *second = name.split(".")
    item = entry["items"][first]
    item = item["items"][second[0]] if second else item
    return str(item.get("value", item["hex"]))


def test_western_and_southern_hemispheres_follow_the_status_bits() -> None:
    entries = [entry for p in traccar() for entry in [decode(p.frame)["body"]] if "time" in entry]
    assert (
        sum(entry["longitude_deg"] < 0 for entry in entries) > 3
        and sum(entry["latitude_deg"] < 0 for entry in entries) > 1
    )
    for entry in entries:
        assert entry["longitude_deg"] == 0 or (entry["longitude_deg"] < 0) is bool(entry["status_bits"] & 8)
        assert entry["latitude_deg"] == 0 or (entry["latitude_deg"] < 0) is bool(entry["status_bits"] & 4)
