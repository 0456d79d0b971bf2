"""An EPICS IOC over any composition of drivers: process variables, limits, blanking and frame files."""
