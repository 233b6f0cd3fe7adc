from django.apps import apps

from haihe.testing.packs import problems


def test_the_pack_keeps_the_contract(db):
    assert problems(apps.get_app_config("fountains")) == []
