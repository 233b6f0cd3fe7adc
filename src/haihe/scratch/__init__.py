"""Scratch districts: a whole district beside this one, for as long as something is tried out on it."""

from haihe.scratch.checking import Outcome, check_systems
from haihe.scratch.district import Scratch, scratch_district

__all__ = ["Outcome", "Scratch", "check_systems", "scratch_district"]
