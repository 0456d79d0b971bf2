"""Pages of Tiled's web UI for runs of a microscope."""
