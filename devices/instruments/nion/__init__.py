"""Nion Swift, over a connection to the server that runs in its process."""
