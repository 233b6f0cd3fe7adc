"""Pages of the plans pack."""

from haihe.web.pages import Pages

pages = Pages("plans")
