"""佐证包: everything that inspectors ask for about a plan in one zip, with an index and hashes that anybody can check."""

from haihe.packs.plans.package.building import release_package
from haihe.packs.plans.package.verifying import Verified, verify_package

__all__ = ["Verified", "release_package", "verify_package"]
