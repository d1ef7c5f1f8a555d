"""The composition root: settings, HTTP, jobs, the command line and the map client; the one room that knows everybody."""
