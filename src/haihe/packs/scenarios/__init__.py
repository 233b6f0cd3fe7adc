"""Application scenarios 应用场景: opened, selected, built, marked as models, copied elsewhere (GOV-18)."""
