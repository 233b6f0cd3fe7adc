from haihe.kernel.packs import PackConfig


class DatasetsConfig(PackConfig):
    name = "haihe.packs.datasets"
    label = "datasets"
    title_zh = "高质量数据集"
    title_en = "High-quality data sets"
    provides = ("DAT-08",)
