from haihe.kernel.packs import PackConfig


class ReadingRoomsConfig(PackConfig):
    name = "reading_rooms"
    label = "reading_rooms"
    title_zh, title_en = "城市书房", "Reading rooms"
