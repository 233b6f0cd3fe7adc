"""Shipped helpers for tests of Haihe and of packs written elsewhere: `pytest_plugins = ["haihe.testing.fixtures"]`."""
