"""Retractable bollards that stay lowered: a rule with a dated limit."""
