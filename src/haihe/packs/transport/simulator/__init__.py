"""Terminals that speak the real protocol over TCP. What they send is synthetic and is called so everywhere."""
