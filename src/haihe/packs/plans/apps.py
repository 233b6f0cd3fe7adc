from haihe.kernel.packs import PackConfig


class PlansConfig(PackConfig):
    name = "haihe.packs.plans"
    label = "plans"
    title_zh = "规划与督查"
    title_en = "Plans and supervision"
