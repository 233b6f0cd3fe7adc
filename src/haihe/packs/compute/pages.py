"""The list of sites and periods in the navigation; list, entry and forms are those of every register."""

from haihe.web.registers import register_pages

pages = register_pages("compute", order=37)
