"""Pages of the three administrators: units, accounts, roles, audit."""

from __future__ import annotations

from haihe.web.pages import Pages

pages = Pages("admin")
