"""OGC's older map services, by keyword and value: what institutions connect with today."""
