"""The composition root: settings, HTTP, jobs, the command line and the map client; this room knows all others."""
