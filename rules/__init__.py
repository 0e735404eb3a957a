"""What Layerwise finds in a Dockerfile: pure functions from text to findings."""
