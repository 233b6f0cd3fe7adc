"""Re-exports the models of the nouns for Django; defines none."""

from haihe.kernel.audit import AuditRecord, AuditSeal
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.exports import Export
from haihe.kernel.identity import Account, ApiToken, Deputy, RoleGrant
from haihe.kernel.indicators import Indicator, IndicatorDefinition, IndicatorValue
from haihe.kernel.organisations import Organisation, OrganisationAlias, Succession

__all__ = [
    "Account",
    "ApiToken",
    "AuditRecord",
    "AuditSeal",
    "Deputy",
    "EvidenceFile",
    "Export",
    "Indicator",
    "IndicatorDefinition",
    "IndicatorValue",
    "Organisation",
    "OrganisationAlias",
    "RoleGrant",
    "Succession",
]
