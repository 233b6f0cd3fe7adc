"""Drinking fountains of the district: a measured indicator."""
