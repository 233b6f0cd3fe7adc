from haihe.kernel.packs import PackConfig


class ScenariosConfig(PackConfig):
    name = "haihe.packs.scenarios"
    label = "scenarios"
    title_zh = "应用场景"
    title_en = "Application scenarios"
    provides = ("GOV-18",)
