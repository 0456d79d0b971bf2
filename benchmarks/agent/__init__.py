"""How few points the agent needs, and how well it predicts."""
