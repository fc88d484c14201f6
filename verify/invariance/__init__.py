"""Properties that need no formula: exchanged and monotone inputs."""
