"""Haihe 海河: runs the intelligent systems of a city district and answers to the plan that asked for them."""

__version__ = "0.1.0"
