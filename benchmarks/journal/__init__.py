"""What keeping every document costs a scan."""
