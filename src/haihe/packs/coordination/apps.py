from haihe.kernel.packs import PackConfig


class CoordinationConfig(PackConfig):
    name = "haihe.packs.coordination"
    label = "coordination"
    title_zh = "工作协调"
    title_en = "Coordination"
    requires = ("plans",)  # the yearly ledger and the leader's screen show its tasks and targets
    provides = ("GOV-01", "GOV-02")
