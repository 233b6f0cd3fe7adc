"""Thermometers of cold stores: what they report, where it is shown, when it alerts."""
