"""Stand-ins for log stores that hosts fill by themselves, written from their vendors' documentation."""
