"""The named systems that this pack provides, each with its check, and the equipment that it counts."""

from haihe.packs.transport.systems import carriers, early_warning, key_vehicles, monitoring, terminals, video

__all__ = ["carriers", "early_warning", "key_vehicles", "monitoring", "terminals", "video"]
