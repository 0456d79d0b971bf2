"""Arrays in, smaller arrays out: scalarisers, features of candidate positions."""
