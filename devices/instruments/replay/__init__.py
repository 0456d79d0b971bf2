"""A recorded measurement, answered pixel by pixel."""
