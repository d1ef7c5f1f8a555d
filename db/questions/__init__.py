"""The named questions asked of the tables: each module knows one collection, `layer` what all of them share."""
