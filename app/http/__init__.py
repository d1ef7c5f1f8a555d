"""What all answers share: the service behind them, headers, caching, formats, pages."""
