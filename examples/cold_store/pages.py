"""The page of cold stores."""

from django.http import HttpResponse
from django.shortcuts import render

from cold_store import services
from haihe.kernel.language import two
from haihe.web.pages import AccountRequest, Pages

pages = Pages("cold_store")


@pages.page("cold-stores/", "home", permission="cold_store.read")
def home(request: AccountRequest) -> HttpResponse:
    return render(request, "cold_store/home.html", {"stores": services.stores(request.user)})


pages.in_nav(
    "home", two("冷库", "Cold stores"), order=510, group="supervision", roles=["supervisor", "officer", "viewer"]
)
