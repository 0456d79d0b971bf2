"""Following runs through the catalog: read, reduce, draw. Nothing here knows the instrument."""
