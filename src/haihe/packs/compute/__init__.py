"""Compute capacity 算力: racks, racks in use, base stations and EFlops, for each site and period (COM-05)."""
