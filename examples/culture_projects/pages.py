from haihe.kernel.language import two
from haihe.web.registers import register_pages

pages = register_pages("culture_projects", title=two("文创项目", "Culture projects"), order=540)
