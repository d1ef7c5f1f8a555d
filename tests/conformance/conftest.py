"""The service over the small world of the application's tests."""

from tests.app.conftest import client, live_server, world

__all__ = ["client", "live_server", "world"]
