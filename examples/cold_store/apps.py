from haihe.kernel.packs import PackConfig


class ColdStoreConfig(PackConfig):
    name = "cold_store"
    label = "cold_store"
    title_zh, title_en = "冷库温度", "Cold stores"
