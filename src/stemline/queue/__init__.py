"""The queue server of a session: its processes, who watches over them, and what may be submitted."""
