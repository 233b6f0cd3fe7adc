"""The named systems that this pack provides, each with its check; and which of the others a filed plan of this district follows."""

from haihe.packs.plans.systems import costs, linkage, projects, situation  # each declares its checks
from haihe.packs.plans.systems.following import followed

__all__ = ["costs", "followed", "linkage", "projects", "situation"]
