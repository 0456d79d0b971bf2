"""The simulated microscope: drivers over `stemline.twin`."""
