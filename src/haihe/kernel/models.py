"""Re-exports the models of the nouns for Django; defines none."""

from haihe.kernel.audit import AuditRecord, AuditSeal
from haihe.kernel.cases.models import Case, CaseCounter, CaseEvent, CaseUnit
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.exports import Export
from haihe.kernel.identity import Account, ApiToken, Deputy, RoleGrant
from haihe.kernel.indicators import Indicator, IndicatorDefinition, IndicatorValue
from haihe.kernel.notices.models import ContactAddress, Notice, NoticeReading
from haihe.kernel.organisations import Organisation, OrganisationAlias, Succession

__all__ = [
    "Account",
    "ApiToken",
    "AuditRecord",
    "AuditSeal",
    "Case",
    "CaseCounter",
    "CaseEvent",
    "CaseUnit",
    "ContactAddress",
    "Deputy",
    "EvidenceFile",
    "Export",
    "Indicator",
    "IndicatorDefinition",
    "IndicatorValue",
    "Notice",
    "NoticeReading",
    "Organisation",
    "OrganisationAlias",
    "RoleGrant",
    "Succession",
]
