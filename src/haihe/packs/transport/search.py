"""Vehicles are found by plate and carrier. Drivers are persons and are not in the index."""

from django.urls import reverse

from haihe.kernel.search import searchable
from haihe.packs.transport.models import Vehicle

searchable(
    Vehicle, "车辆", "Vehicles", title=lambda vehicle: vehicle.plate, related=("carrier__organisation",),
    text=lambda vehicle: f"{vehicle.carrier} {vehicle.carrier.organisation.name} {vehicle.Kind(vehicle.kind).label}",
    link=lambda vehicle: reverse("transport:vehicle", args=[vehicle.pk]),
)  # fmt: skip
