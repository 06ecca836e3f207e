"""Template tags of every console page."""
