"""Tables, the engine, the embedded PostGIS and the named questions asked of the tables."""
