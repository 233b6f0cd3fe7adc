from haihe.kernel.packs import PackConfig


class CultureProjectsConfig(PackConfig):
    name = "culture_projects"
    label = "culture_projects"
    title_zh, title_en = "文创项目库", "Culture projects"
