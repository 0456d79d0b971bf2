"""What the electrons would do: specimen, probe, HAADF, low-loss EELS, diffraction, detectors, drift.

Lengths in nm, angles in mrad, energies in eV, times in s. Positions are on the specimen, from its centre, +x
right, +y down; arrays ``(y, x)``. Nothing here knows an instrument: drivers turn counts per electron into
exposures.
"""
