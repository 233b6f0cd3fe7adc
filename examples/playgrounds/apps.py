from haihe.kernel.packs import PackConfig


class PlaygroundsConfig(PackConfig):
    name = "playgrounds"
    label = "playgrounds"
    title_zh, title_en = "儿童游乐场", "Playgrounds"
