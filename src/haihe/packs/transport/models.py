"""Carriers, vehicles and their terminals. A vehicle is a Thing: what it sends are observations about that Thing."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import models

from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account
from haihe.kernel.language import two
from haihe.kernel.organisations import Organisation
from haihe.kernel.places import Place
from haihe.kernel.things import Thing


class Carrier(models.Model):
    """An enterprise that runs vehicles: 道路运输企业. The unit itself stands in the tree of organisations. `kinds`: which of the five
    kinds under supervision it is, none for any other."""

    class Kind(models.TextChoices):
        HAZMAT = "hazmat", two("危险化学品运输", "Dangerous goods")
        PASSENGER = "passenger", two("旅客运输", "Passengers")
        SCHOOL_BUS = "school_bus", two("校车", "School buses")
        PUBLIC_TRANSPORT = "public_transport", two("公共交通", "Public transport")
        TAXI = "taxi", two("出租车", "Taxis")

    organisation = models.OneToOneField(Organisation, models.PROTECT, related_name="carrier")
    licence_number = models.CharField("经营许可证号", max_length=40, blank=True)
    kinds = models.JSONField("类别", default=list, blank=True)

    class Meta:
        ordering = ["organisation__path"]

    def __str__(self) -> str:
        return str(self.organisation)

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        yield self.organisation, "carrier"

    @property
    def kind_titles(self) -> list[str]:
        return [str(self.Kind(kind).label) for kind in self.kinds]


class Vehicle(models.Model):
    """A vehicle under supervision. Plate and colour together name it; `kind` decides which limits hold."""

    class Kind(models.TextChoices):
        CHARTER_COACH = "charter_coach", two("旅游包车", "Charter coach")
        INTERCITY_BUS = "intercity_bus", two("班线客车", "Intercity bus")
        DANGEROUS_GOODS = "dangerous_goods", two("危险货物运输车", "Dangerous goods")
        HEAVY_TRUCK = "heavy_truck", two("重型载货汽车", "Heavy truck")
        TRACTOR = "tractor", two("半挂牵引车", "Tractor unit")
        OTHER = "other", two("其他车辆", "Other")

    class Colour(models.IntegerChoices):
        """Plate colours by the numbers that the registration message 0x0100 carries."""

        NONE = 0, two("未上牌", "No plate")
        BLUE = 1, two("蓝色", "Blue")
        YELLOW = 2, two("黄色", "Yellow")
        BLACK = 3, two("黑色", "Black")
        WHITE = 4, two("白色", "White")
        GREEN = 5, two("绿色", "Green")
        OTHER = 9, two("其他", "Other")

    thing = models.OneToOneField(Thing, models.PROTECT, related_name="vehicle")
    carrier = models.ForeignKey(Carrier, models.PROTECT, related_name="vehicles")
    plate = models.CharField("号牌", max_length=20)
    plate_colour = models.PositiveSmallIntegerField("号牌颜色", choices=Colour.choices, default=Colour.YELLOW)
    kind = models.CharField("类别", max_length=20, choices=Kind.choices, default=Kind.HEAVY_TRUCK)

    class Meta:
        ordering = ["plate"]
        constraints = [models.UniqueConstraint(fields=["plate", "plate_colour"], name="one_vehicle_per_plate")]

    def __str__(self) -> str:
        return self.plate

    @property
    def organisation(self) -> Organisation:
        return self.carrier.organisation

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        yield self.carrier.organisation, "carrier"


# Which limits hold for a kind: the attribute `use` of the vehicle's thing, by which policies/*.yaml give their values.
USE_OF_KIND = {
    Vehicle.Kind.CHARTER_COACH: "passenger", Vehicle.Kind.INTERCITY_BUS: "passenger", Vehicle.Kind.DANGEROUS_GOODS: "hazmat",
    Vehicle.Kind.HEAVY_TRUCK: "freight", Vehicle.Kind.TRACTOR: "freight", Vehicle.Kind.OTHER: "default",
}  # fmt: skip


class Terminal(models.Model):
    """The device in a vehicle, known by its phone number. Raising `epoch` makes the authentication code it holds worthless."""

    phone = models.CharField("终端手机号", max_length=20, unique=True)
    vehicle = models.OneToOneField(Vehicle, models.PROTECT, null=True, blank=True, related_name="terminal")
    terminal_id = models.CharField("终端ID", max_length=30, blank=True)
    maker = models.CharField("制造商ID", max_length=20, blank=True)
    model = models.CharField("终端型号", max_length=40, blank=True)
    version = models.CharField("协议版本", max_length=8, blank=True)
    epoch = models.PositiveIntegerField(default=1)
    enabled = models.BooleanField("启用", default=True)
    registered_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    announced_at = models.DateTimeField("终端注册时间", null=True)
    changed_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        ordering = ["phone"]

    def __str__(self) -> str:
        return self.phone


class Report(models.Model):
    """What a terminal sent beside where its vehicle is: media, a driver's card, a waybill, an event, data of the CAN bus. Read with a purpose, which is
    recorded; deleted after `keep_until`. `key` is what makes it the same when it is sent again (reports.py)."""

    class Kind(models.TextChoices):
        MEDIA = "media", two("照片、录音、录像", "Picture, sound or video")
        CARD = "card", two("驾驶员卡", "Driver's card")
        WAYBILL = "waybill", two("电子运单", "Waybill")
        EVENT = "event", two("事件", "Event")
        DATA = "data", two("CAN、透传、压缩数据", "CAN, transparent or compressed data")

    vehicle = models.ForeignKey(Vehicle, models.PROTECT, related_name="reports")
    kind = models.CharField("类别", max_length=10, choices=Kind.choices)
    received_at = models.DateTimeField("收到时间", db_index=True)
    content = models.JSONField(default=dict)
    file = models.ForeignKey(EvidenceFile, models.PROTECT, null=True, related_name="+")
    issue = models.CharField("问题", max_length=200, blank=True)
    keep_until = models.DateField("保存至", db_index=True)
    key = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-received_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["vehicle", "key"], condition=~models.Q(key=""), name="one_report_per_key")
        ]

    def __str__(self) -> str:
        return f"{self.vehicle} {self.get_kind_display()}"


class Area(models.Model):
    """A drawn area or road that vehicles must keep to or keep out of. Its outline is that of its place."""

    class Mode(models.TextChoices):
        PERMITTED = "permitted", two("允许区域（道路）", "Permitted")
        FORBIDDEN = "forbidden", two("禁行区域（道路）", "Forbidden")

    place = models.OneToOneField(Place, models.PROTECT, related_name="vehicle_area")
    mode = models.CharField("性质", max_length=10, choices=Mode.choices)
    simplified_by_m = models.FloatField("边界简化（米）", default=0)
    vehicles: models.ManyToManyField[Vehicle, AreaVehicle] = models.ManyToManyField(
        Vehicle, through="AreaVehicle", related_name="areas"
    )

    class Meta:
        ordering = ["place__name"]

    def __str__(self) -> str:
        return self.place.name


class AreaVehicle(models.Model):
    """That an area holds for a vehicle."""

    area = models.ForeignKey(Area, models.PROTECT, related_name="assignments")
    vehicle = models.ForeignKey(Vehicle, models.PROTECT, related_name="area_assignments")
    since = models.DateTimeField(auto_now_add=True)
    assigned_by = models.ForeignKey(Account, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["area", "vehicle"], name="one_area_per_vehicle")]


class SpotCheck(models.Model):
    """That somebody chose a vehicle's day to look at 抽查, written once. One that was drawn can be drawn again by anybody: `seed`, the
    number of days that stood to choose from and the digest of their list (spot_checks.py)."""

    vehicle = models.ForeignKey(Vehicle, models.PROTECT, related_name="spot_checks")
    carrier = models.ForeignKey(Carrier, models.PROTECT, related_name="spot_checks")
    on = models.DateField()
    by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    drawn = models.BooleanField(default=False)
    seed = models.CharField(max_length=64, blank=True)
    drawn_from = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.vehicle} {self.on}"

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        yield self.carrier.organisation, "carrier"

    @property
    def outcome(self) -> SpotFinding | None:
        """The finding, or None until there is one."""
        return getattr(self, "finding", None)


class SpotFinding(models.Model):
    """What was found, written once."""

    class Result(models.TextChoices):
        COMPLETE = "complete", two("数据完整，未见违规", "Complete, no violation")
        GAPS = "gaps", two("数据缺失", "Gaps in the data")
        VIOLATION = "violation", two("发现违规", "Violation")

    spot_check = models.OneToOneField(SpotCheck, models.PROTECT, related_name="finding")
    result = models.CharField(max_length=10, choices=Result.choices)
    text = models.TextField(blank=True)
    by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    at = models.DateTimeField()
