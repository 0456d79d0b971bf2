"""Codecs, containers and reductions of diffraction frames, beside their peers."""
