"""Vehicles are found by plate and carrier, areas by name. Drivers are persons and are not in the index."""

from django.urls import reverse

from haihe.kernel.search import searchable
from haihe.packs.transport.models import Area, Vehicle

searchable(
    Vehicle, "车辆", "Vehicles", title=lambda vehicle: vehicle.plate, related=("carrier__organisation",),
    text=lambda vehicle: f"{vehicle.carrier} {vehicle.carrier.organisation.name} {vehicle.Kind(vehicle.kind).label}",
    link=lambda vehicle: reverse("transport:vehicle", args=[vehicle.pk]),
)  # fmt: skip
searchable(
    Area, "车辆区域", "Vehicle areas", related=("place",), text=lambda area: str(area.Mode(area.mode).label),
    link=lambda area: reverse("transport:area", args=[area.pk]),
)  # fmt: skip
