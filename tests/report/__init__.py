"""Reports and incidents: the generated year, the simulated months."""
