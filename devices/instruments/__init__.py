"""Drivers of instruments behind a few small protocols."""
