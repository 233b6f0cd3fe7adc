"""Severity, urgency and certainty of an alert: the values of the Common Alerting Protocol, version 1.2 (OASIS Standard, 1 July 2010).

The meanings were read in the description of CAP's enumerations at developers.google.com/public-alerts/guides/cap-requirements
(severity, urgency) and in a public layer of sample alerts at services.arcgis.com (severity, certainty); the standard's own text
was found only by its beginning.
"""

from __future__ import annotations

from django.db import models

from haihe.kernel.language import two


class Severity(models.TextChoices):
    """How great the threat to life or property is."""

    EXTREME = "Extreme", two("特别严重", "Extreme")  # extraordinary threat
    SEVERE = "Severe", two("严重", "Severe")  # significant threat
    MODERATE = "Moderate", two("较重", "Moderate")  # possible threat
    MINOR = "Minor", two("一般", "Minor")  # minimal threat
    UNKNOWN = "Unknown", two("未知", "Unknown")


class Urgency(models.TextChoices):
    """How soon somebody must act."""

    IMMEDIATE = "Immediate", two("立即处置", "Immediate")  # now
    EXPECTED = "Expected", two("尽快处置", "Expected")  # within the next hour
    FUTURE = "Future", two("近期处置", "Future")  # in the near future
    PAST = "Past", two("无需处置", "Past")  # not required any more
    UNKNOWN = "Unknown", two("未知", "Unknown")


class Certainty(models.TextChoices):
    """How sure it is."""

    OBSERVED = "Observed", two("已发生", "Observed")  # occurred or going on
    LIKELY = "Likely", two("很可能", "Likely")  # more likely than not
    POSSIBLE = "Possible", two("可能", "Possible")  # less likely than not
    UNLIKELY = "Unlikely", two("不太可能", "Unlikely")
    UNKNOWN = "Unknown", two("未知", "Unknown")


# Most pressing first: the order in which boards list and count.
SEVERITY_ORDER = tuple(Severity.values)
