"""Turns files into rows: readers, profiles, harmonising, quality rules and loading."""
