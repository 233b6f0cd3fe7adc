from haihe.testing.protocols import ProtocolContract
from water_meters.water_meter.protocol import decode_line, encode_line

LINES = tuple(encode_line({"meter": 7 + n, "volume_l": 1000 * n}) for n in range(6))


class TestWaterMeter(ProtocolContract):
    name, lines = "water_meter", LINES


def test_a_wrong_sum_is_told():
    assert decode_line("0000000700000008")["issues"][0]["en"] == "the sum does not fit"
