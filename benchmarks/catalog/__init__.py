"""What the catalog costs a scan, and what is left of a scan when something dies."""
