"""Quantum Detectors' Merlin (Medipix3), over its TCP control and data protocol."""
