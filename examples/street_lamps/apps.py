from haihe.kernel.packs import PackConfig


class StreetLampsConfig(PackConfig):
    name = "street_lamps"
    label = "street_lamps"
    title_zh, title_en = "路灯报修", "Street lamps"
