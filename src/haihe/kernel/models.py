"""Re-exports the models of the nouns for Django; defines none."""

from haihe.kernel.alerts.models import Alert, RuleCursor, RuleState, RuleStatus, Suppression
from haihe.kernel.audit import AuditRecord, AuditSeal
from haihe.kernel.cases.models import Case, CaseCounter, CaseEvent, CaseUnit
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.exports import Export
from haihe.kernel.feeds.commands import Command
from haihe.kernel.identity import Account, ApiToken, Deputy, RoleGrant
from haihe.kernel.indicators import Indicator, IndicatorDefinition, IndicatorValue
from haihe.kernel.notices.models import ContactAddress, Notice, NoticeReading
from haihe.kernel.organisations import Organisation, OrganisationAlias, Succession
from haihe.kernel.places import Place
from haihe.kernel.registers.models import EntryEvent, RegisterEntry
from haihe.kernel.rosters.models import CheckResult, DutyCheck, DutyPost, HandoverNote, Shift, TakeOver
from haihe.kernel.search.models import SearchEntry
from haihe.kernel.systems.models import SystemCheck
from haihe.kernel.things import Thing

__all__ = [
    "Account",
    "Alert",
    "ApiToken",
    "AuditRecord",
    "AuditSeal",
    "Case",
    "CaseCounter",
    "CaseEvent",
    "CaseUnit",
    "CheckResult",
    "Command",
    "ContactAddress",
    "Deputy",
    "DutyCheck",
    "DutyPost",
    "EntryEvent",
    "EvidenceFile",
    "Export",
    "HandoverNote",
    "Indicator",
    "IndicatorDefinition",
    "IndicatorValue",
    "Notice",
    "NoticeReading",
    "Organisation",
    "OrganisationAlias",
    "Place",
    "RegisterEntry",
    "RoleGrant",
    "RuleCursor",
    "RuleState",
    "RuleStatus",
    "SearchEntry",
    "Shift",
    "Succession",
    "Suppression",
    "SystemCheck",
    "TakeOver",
    "Thing",
]
