"""The register of scenarios, through the pages and the API: from opening to the number that the plan's target reads."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import issue_token
from haihe.kernel.indicators import Indicator, rows_behind, take_measurements
from haihe.kernel.registers import COUNTS, RegisterEntry, change_entry
from haihe.packs.scenarios.register import Scenarios
from haihe.testing.registers import problems

HTMX = {"HTTP_HX_REQUEST": "true"}
VALUES = {"name": "井盖识别", "field": "governance", "problem": "靠人巡查", "provider": "某公司", "built_on": "2026-01-02", "result": "快三倍"}  # fmt: skip


@pytest.fixture
def people(district: SimpleNamespace, account_with) -> SimpleNamespace:
    return SimpleNamespace(
        city=account_with("officer", district.city), city2=account_with("officer", district.city), data=account_with("officer", district.data),
        supervisor=account_with("supervisor", district.government), viewer=account_with("viewer"), town=account_with("officer", district.town),
    )  # fmt: skip


def png() -> SimpleUploadedFile:
    return SimpleUploadedFile("验收.png", b"\x89PNG\r\n\x1a\n" + b"0" * 32)


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


@pytest.fixture
def entry(signed_in, people, district) -> RegisterEntry:
    """Registered by the city bureau on the page, to be reviewed by the data bureau."""
    form = {**VALUES, "owner": district.city.pk, "reviewer": district.data.pk}
    assert signed_in(people.city).post("/registers/scenarios/new/", form, **HTMX).status_code == 204
    return RegisterEntry.objects.get()


def post(client, entry: RegisterEntry, path: str, **form: Any):
    entry.refresh_from_db()
    form.setdefault("version", entry.version)
    return client.post(f"/registers/entries/{entry.pk}/{path}", form, **HTMX)


def to_built(signed_in, people, entry: RegisterEntry) -> None:
    assert post(signed_in(people.data), entry, "steps/select/", text="入选").status_code == 204
    assert post(signed_in(people.city), entry, "steps/build/", text="已建成", files=png()).status_code == 204
    assert post(signed_in(people.data), entry, "review/", decision="accept").status_code == 204


def test_the_declaration_holds_the_contract() -> None:
    assert problems(Scenarios) == []


def test_a_reviewed_entry_moves_the_number_and_the_number_leads_down_to_it(signed_in, people, entry) -> None:
    def number() -> Any:
        take_measurements(timezone.now())
        return Indicator.objects.get(key="scenarios.typical").values.order_by("-pk").first().value

    to_built(signed_in, people, entry)
    assert post(signed_in(people.city), entry, "steps/mark/", text="申报", files=png()).status_code == 204
    assert number() == 0, "what waits for review does not count"
    assert post(signed_in(people.data), entry, "review/", decision="accept", text="同意").status_code == 204
    assert number() == 1
    indicator = Indicator.objects.get(key="scenarios.typical")
    row = rows_behind(indicator, timezone.now())[0]
    assert (row.link, row.evidence, row.value) == (f"/registers/entries/{entry.pk}/", 2, 1)
    page = text(signed_in(people.viewer).get(f"/indicators/{indicator.pk}/"))
    assert "井盖识别" in page and row.link in page and "最近一次测得" in page
    assert "井盖识别" not in text(signed_in(people.town).get(f"/indicators/{indicator.pk}/"))


def test_the_list_shows_states_filters_and_searches(signed_in, people, entry) -> None:
    client = signed_in(people.supervisor)
    for query, found in (("", True), ("?state=opened", True), ("?state=model", False), ("?q=井盖", True), ("?q=路灯", False), ("?q=城市管理", True), ("?state=waiting", False), ("?page=99999999999999999999", True)):  # fmt: skip
        assert (f"/registers/entries/{entry.pk}/" in text(client.get(f"/scenarios/{query}"))) is found, query
    assert entry.number not in text(signed_in(people.town).get("/scenarios/"))
    RegisterEntry.objects.update(register="elsewhere")
    assert "登记第一项" in text(signed_in(people.city).get("/scenarios/"))
    assert "登记第一项" not in text(signed_in(people.viewer).get("/scenarios/"))
    kept = text(signed_in(people.city).get("/registers/elsewhere/"))
    assert "数据保留" in kept and entry.number in kept, "entries stay readable although no pack declares their register"


def test_the_reviewer_finds_what_waits_and_nobody_else_may_decide(signed_in, people, entry) -> None:
    assert post(signed_in(people.data), entry, "steps/select/", text="入选").status_code == 204
    post(signed_in(people.city), entry, "steps/build/", text="已建成", files=png())
    assert "等您审核" in text(signed_in(people.data).get("/registers/"))
    assert "审核通过</button>" in text(signed_in(people.data).get(f"/registers/entries/{entry.pk}/"))
    for who in (people.city, people.city2, people.viewer):
        assert "审核通过</button>" not in text(signed_in(who).get(f"/registers/entries/{entry.pk}/"))
        assert post(signed_in(who), entry, "review/", decision="accept").status_code == 403
    assert signed_in(people.town).get(f"/registers/entries/{entry.pk}/").status_code == 404


def test_a_refused_step_leaves_no_file(signed_in, people, entry) -> None:
    assert post(signed_in(people.city), entry, "steps/build/", text="早了", files=png()).status_code == 409
    post(signed_in(people.data), entry, "steps/select/", text="入选")
    assert post(signed_in(people.city), entry, "steps/build/", files=png()).status_code == 422
    assert post(signed_in(people.city), entry, "steps/build/", text="x", files=png(), version=1).status_code == 409
    assert not EvidenceFile.objects.exists()


def test_the_second_of_two_officers_sees_who_changed_what_and_keeps_what_they_typed(signed_in, people, entry) -> None:
    """Both open the form at version 1. The second one's form gets the new version; sent again it writes only the own field."""
    change_entry(people.city, entry, version=1, values={"provider": "另一公司"})
    form = {**VALUES, "problem": "夜里看不见", "base": 1, "version": 1}
    client = signed_in(people.city2)
    refused = client.post(f"/registers/entries/{entry.pk}/edit/", form, **HTMX)
    body = refused.content.decode()
    assert refused.status_code == 409 and people.city.display_name in body and "建设单位" in body
    assert 'id="entry-version" name="version" value="2"' in body
    assert client.post(f"/registers/entries/{entry.pk}/edit/", {**form, "version": 2}, **HTMX).status_code == 204
    entry.refresh_from_db()
    assert (entry.values["provider"], entry.values["problem"]) == ("另一公司", "夜里看不见")


def test_programs_can_do_what_the_pages_do(client, people, district) -> None:
    def call(who, method: str, path: str, **data: Any):
        token = {"HTTP_AUTHORIZATION": f"Bearer {issue_token(who, 'test', days=1, may_write=True)[1]}"}
        if method in ("get", "form"):
            return (client.get if method == "get" else client.post)(f"/api/v1/{path}", data, **token)
        return getattr(client, method)(f"/api/v1/{path}", json.dumps(data), content_type="application/json", **token)

    made = call(people.city, "post", "registers/scenarios/entries", owner="区城市管理委", reviewer="区数据局", values=VALUES).json()  # fmt: skip
    path = f"registers/entries/{made['id']}"
    assert call(people.city, "patch", path, version=1, values={"copies": 2}).json()["values"]["copies"] == "2"
    assert call(people.city, "patch", path, version=1, values={"copies": 3}).json()["error"]["code"] == "conflict"
    call(people.data, "form", f"{path}/steps/select", version=2, text="入选")
    waits = call(people.city, "form", f"{path}/steps/build", version=3, text="建成", files=png()).json()
    assert waits["pending"] == "build" and len(waits["events"][-1]["evidence"]) == 1
    assert call(people.city, "post", f"{path}/take-back", version=4).json()["pending"] == ""
    call(people.city, "form", f"{path}/steps/build", version=5, text="建成", files=png())
    assert [e["id"] for e in call(people.data, "get", "registers/scenarios/entries", mine=True).json()] == [made["id"]]
    done = call(people.data, "form", f"{path}/review", version=6, decision="accept").json()
    assert done["state"] == "built"
    counted = call(people.viewer, "get", "scenarios/counts").json()
    assert counted["states"]["built"] == 1 and counted["indicators"] == {
        "scenarios.built": 1.0,
        "scenarios.typical": 0.0,
    }
    assert (
        call(people.viewer, "get", "scenarios/counts", on="2026-01-01").json()["indicators"]["scenarios.built"] is None
    )
    take_measurements(timezone.now())
    behind = call(people.viewer, "get", "indicators/scenarios.built/rows").json()
    assert behind["value"] == 1 and behind["rows"][0]["evidence"] == 2 and behind["last_true"]
    assert call(people.city, "post", f"{path}/withdraw", version=7, reason="重复").json()["withdrawn"]
    assert call(people.town, "get", path).status_code == 404


def test_every_indicator_of_the_pack_is_counted_from_the_register() -> None:
    assert {"scenarios.typical", "scenarios.built"} <= set(COUNTS)


def test_the_demo_leaves_something_for_the_visitor_to_review(db, account_with, district) -> None:
    from haihe.demo.build import PEOPLE
    from haihe.kernel.organisations import Organisation
    from haihe.packs.scenarios.demo import SCENARIOS, build

    for _, _, unit, _ in PEOPLE:
        if not Organisation.objects.filter(short_name=unit).exists():
            Organisation.objects.create(name=f"望河{unit}", short_name=unit, kind="bureau")
    people = {name: account_with(role, Organisation.objects.get(short_name=unit), name) for name, _, unit, role in PEOPLE}  # fmt: skip
    build(people)
    assert RegisterEntry.objects.filter(synthetic=True).count() == len(SCENARIOS)
    assert RegisterEntry.objects.exclude(pending="").count() >= 2
    assert set(RegisterEntry.objects.values_list("state", flat=True)) == {s.key for s in Scenarios.states}
