"""The microscope as signals: drivers, the IOC that serves them, and the ophyd devices over it."""
