from haihe.kernel.audit import AuditRecord
from haihe.kernel.things import register_thing


def test_who_may_closes_a_playground_with_a_reason_and_it_is_recorded(district, account_with, signed_in):
    town, viewer = account_with("officer", district.town), account_with("viewer")
    place = register_thing(
        account_with("supervisor"), None, kind="playground", key="p1", name="河边游乐场", organisation=district.town
    )
    at = f"/playgrounds/{place.pk}/"
    assert signed_in(viewer).post(at, {"reason": "检修"}).status_code == 403
    assert signed_in(town).post(at, {"reason": " "}).status_code == 422
    assert signed_in(town).post(at, {"reason": "检修"}).status_code == 302
    assert "检修" in signed_in(viewer).get("/playgrounds/").content.decode()
    assert AuditRecord.objects.filter(action="playground.close").count() == 1
    answer = signed_in(viewer).get("/api/v1/playgrounds").json()
    assert answer == [{"id": place.pk, "key": "p1", "closed": "检修"}]


def test_an_officer_of_another_unit_does_not_see_it(district, account_with, signed_in):
    place = register_thing(account_with("supervisor"), None, kind="playground", key="p1", organisation=district.town)
    other = account_with("officer", district.health)
    assert signed_in(other).post(f"/playgrounds/{place.pk}/", {"reason": "检修"}).status_code == 404
