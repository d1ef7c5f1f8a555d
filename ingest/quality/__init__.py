"""Controls of the laboratory and the field: recognised, kept apart from samples, and used."""
