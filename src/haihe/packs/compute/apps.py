from haihe.kernel.packs import PackConfig


class ComputeConfig(PackConfig):
    name = "haihe.packs.compute"
    label = "compute"
    title_zh = "算力设施"
    title_en = "Compute capacity"
    provides = ("COM-05",)
