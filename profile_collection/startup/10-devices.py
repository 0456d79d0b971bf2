"""The microscope and its parts, by the names they have in documents."""

# ruff: noqa: F821 - `session` comes from 00-session.py
microscope = session.microscope
scanner, beam = microscope.scanner, microscope.beam
haadf, eels, pixel_array = microscope.haadf, microscope.eels, microscope.pixel_array
optics, stage = microscope.optics, microscope.specimen_stage
