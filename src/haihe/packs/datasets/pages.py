"""The list of data sets in the navigation; list, entry and forms are those of every register."""

from haihe.kernel.language import two
from haihe.web.registers import register_pages

pages = register_pages("datasets", title=two("高质量数据集", "Data sets"), order=36)
