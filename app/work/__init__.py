"""The jobs of the house, called by commands, requests and the queue: make a map, find hot spots, weigh limits."""
