"""The list of sites and periods in the navigation; list, entry and forms are those of every register."""

from haihe.kernel.language import two
from haihe.web.registers import register_pages

pages = register_pages("compute", title=two("算力设施", "Compute"), order=37)
