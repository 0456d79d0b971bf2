"""A beamline for an electron beam: Bluesky control of autonomous STEM experiments."""

__version__ = "0.1.0"
