"""Long runs: memory and handles stay flat, acknowledgements stay quick, an outage drains."""
