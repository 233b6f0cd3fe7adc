from haihe.kernel.packs import PackConfig


class FountainsConfig(PackConfig):
    name = "fountains"
    label = "fountains"
    title_zh, title_en = "直饮水点", "Drinking fountains"
