"""Bluesky plans: experiments as generators of messages, over protocols; see `adaptive_spectroscopy`."""
