"""The list of scenarios in the navigation; list, entry and forms are those of every register."""

from haihe.kernel.language import two
from haihe.web.registers import register_pages

pages = register_pages("scenarios", title=two("应用场景", "Scenarios"), order=35)
