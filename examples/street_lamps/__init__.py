"""Repairs of street lamps: a case type with limits, reminders and evidence."""
