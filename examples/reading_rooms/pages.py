from haihe.kernel.language import two
from haihe.web.registers import register_pages

pages = register_pages("reading_rooms", title=two("城市书房", "Reading rooms"), order=520)
