"""What is served over HTTP: the page for people, and what other systems call."""
