"""The forwarder: from the journal into the catalog, each document exactly once."""

from .forwarder_process import ForwarderProcess

__all__ = ["ForwarderProcess"]
