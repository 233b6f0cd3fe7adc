"""What of the kernel's own nouns to the left of the search can be found: units by all their names, handed-in files by name."""

from __future__ import annotations

from urllib.parse import quote

from django.urls import reverse

from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.organisations import Organisation, OrganisationAlias
from haihe.kernel.search.kinds import searchable


def _names(unit: Organisation) -> str:
    return " ".join([unit.name, *(alias.name for alias in unit.aliases.all()), unit.credit_code or ""])


searchable(
    Organisation, "单位", "Units", text=_names, prefetched=("aliases",),
    link=lambda unit: f"{reverse('admin:units')}?q={quote(unit.name[:20])}",
    also={OrganisationAlias: lambda alias: [alias.organisation_id]},
)  # fmt: skip
searchable(
    EvidenceFile,
    "附件",
    "Files",
    title=lambda file: file.name,
    link=lambda file: reverse("web:evidence", args=[file.pk]),
)
