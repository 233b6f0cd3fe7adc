from haihe.kernel.packs import PackConfig


class TransportConfig(PackConfig):
    name = "haihe.packs.transport"
    label = "transport"
    title_zh = "道路运输"
    title_en = "Road transport"
    requires = ()
