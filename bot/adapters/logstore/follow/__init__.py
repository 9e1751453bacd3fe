"""Live feeds into the embedded store: files that grow and rotate, journald, syslog, HTTP."""
