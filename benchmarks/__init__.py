"""What is timed, side by side with peers."""
