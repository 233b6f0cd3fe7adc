from haihe.kernel.packs import PackConfig


class PlansConfig(PackConfig):
    name = "haihe.packs.plans"
    label = "plans"
    title_zh = "规划与督查"
    title_en = "Plans and supervision"
    provides = ("GOV-01", "GOV-02", "GOV-08", "GOV-12", "GOV-17")
