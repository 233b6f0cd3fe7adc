from haihe.kernel.packs import PackConfig


class WaterMetersConfig(PackConfig):
    name = "water_meters"
    label = "water_meters"
    title_zh, title_en = "水表", "Water meters"
