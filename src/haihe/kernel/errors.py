"""The one exception tree of Haihe.

    HaiheError
    ├── InvalidInput        what a person or program sent cannot be used as it is (HTTP 422)
    │   └── UnreadableDocument   a file cannot be read as a document
    ├── NotFound            nothing of that name or number, or not visible to this account (HTTP 404)
    ├── NotAllowed          the account lacks the permission (HTTP 403)
    ├── Conflict            somebody else changed it first, or the step does not follow from the present state (HTTP 409)
    ├── TooLarge            over a stated limit (HTTP 413)
    ├── NotStored           a disk is full, read-only or failing: nothing was stored, try again later (HTTP 507)
    ├── CheckFailed         the check of a named system did not see what the system promises (HTTP 500)
    └── ConfigurationError  a setting, key or file of this installation is wrong (HTTP 500)

Every error says what happened, where, and what to do, in Chinese first and English second. `str(error)` is the English
sentence for logs and terminals; pages show `error.zh`.
"""

from __future__ import annotations


class HaiheError(Exception):
    """Base of all errors a person may see. `zh` and `en` are whole sentences; `where` names the file, line or field."""

    status = 500
    code = "error"

    def __init__(self, zh: str, en: str, *, where: str = "", to_do_zh: str = "", to_do_en: str = "") -> None:
        self.zh = zh
        self.en = en
        self.where = where
        self.to_do_zh = to_do_zh
        self.to_do_en = to_do_en
        super().__init__(self.sentence("en"))

    def sentence(self, language: str = "zh") -> str:
        """What, where and what to do as one line in `language` ("zh" or "en")."""
        what, to_do = (self.zh, self.to_do_zh) if language == "zh" else (self.en, self.to_do_en)
        return " ".join(part for part in (f"[{self.where}]" if self.where else "", what, to_do) if part)

    def as_dict(self) -> dict[str, str]:
        """The one envelope in which every error leaves through the API."""
        return {
            "code": self.code,
            "message_zh": self.zh,
            "message_en": self.en,
            "where": self.where,
            "to_do_zh": self.to_do_zh,
            "to_do_en": self.to_do_en,
        }


class InvalidInput(HaiheError):
    status = 422
    code = "invalid_input"


class UnreadableDocument(InvalidInput):
    code = "unreadable_document"


class NotFound(HaiheError):
    status = 404
    code = "not_found"


class NotAllowed(HaiheError):
    status = 403
    code = "not_allowed"


class Conflict(HaiheError):
    status = 409
    code = "conflict"


class TooLarge(HaiheError):
    status = 413
    code = "too_large"


class NotStored(HaiheError):
    status = 507
    code = "not_stored"


class CheckFailed(HaiheError):
    code = "check_failed"


class Refused(CheckFailed):
    """A district that is asked from outside answers with `status` 400 or more."""

    code = "refused"

    def __init__(self, status: int, why: str, where: str) -> None:
        super().__init__(f"接口拒绝（{status}）。", f"Refused with {status}: {why}", where=where)
        self.status = status


class ConfigurationError(HaiheError):
    code = "configuration"
