"""Stand-ins for log stores that hosts fill by themselves, written from their vendors' documentation, and for the
mail and name servers that probes ask."""
