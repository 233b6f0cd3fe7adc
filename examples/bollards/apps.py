from haihe.kernel.packs import PackConfig


class BollardsConfig(PackConfig):
    name = "bollards"
    label = "bollards"
    title_zh, title_en = "升降桩", "Bollards"
