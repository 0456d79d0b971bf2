"""How long a point takes beyond its dwell time."""
