"""The server that runs in Nion's process and environment: the only place that imports its GPL packages."""
