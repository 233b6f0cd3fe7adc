"""The list of playgrounds, with a form in each row."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from haihe.kernel.language import two
from haihe.kernel.things import Thing
from haihe.web.fields import visible_row
from haihe.web.pages import AccountRequest, Pages, go, may
from playgrounds import services

pages = Pages("playgrounds")


@pages.page("playgrounds/", "home", permission="playground.read")
def home(request: AccountRequest) -> HttpResponse:
    rows = services.playgrounds(request.user)
    return render(request, "playgrounds/home.html", {"rows": rows, "may_act": may(request.user, "playground.close")})


@pages.page("playgrounds/<int:pk>/", "act", permission="playground.read", methods=("POST",))
def act(request: AccountRequest, pk: int) -> HttpResponse:
    playground = visible_row(request.user, Thing.objects.filter(kind="playground"), pk)
    if playground.attributes.get("closed"):
        services.open_again(request.user, playground)
    else:
        services.close(request.user, playground, reason=request.POST.get("reason", ""))
    return go(request, reverse("playgrounds:home"))


pages.in_nav(
    "home", two("游乐场", "Playgrounds"), order=530, group="supervision", roles=["supervisor", "officer", "viewer"]
)
