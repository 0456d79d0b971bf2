"""Deciding where to measure next. Importing this package, or `worker`, loads no torch."""
