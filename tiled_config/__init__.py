"""The catalog: its server, how to reach it, and how documents get there."""
