"""How the server and the writer read files and write media types."""
