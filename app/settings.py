"""The settings, read from the environment in this one place."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ByteSize, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from db.embedded import embedded
from db.engine import Database


class Settings(BaseSettings):
    """What can be set from outside, each as EDAPHOS_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="EDAPHOS_", frozen=True)

    home: Path = Field(
        default=Path("var"), description="the data folder: embedded database, surfaces, reports, pictures"
    )
    database_url: str | None = Field(default=None, description="a PostGIS database to use instead of the embedded one")
    host: str = Field(default="127.0.0.1", description="address that the service listens on")
    port: int = Field(default=8000, ge=0, le=65535, description="port that the service listens on")

    most_upload_bytes: ByteSize = Field(
        default=ByteSize(2 * 10**9), gt=0, description="size of the body of an upload, at most"
    )
    most_unpacked_bytes: ByteSize = Field(
        default=ByteSize(4 * 10**9), gt=0, description="size of what a file unpacks to, at most"
    )
    keep_uploads_days: int = Field(
        default=7, ge=0, le=36_500, description="how long uploaded files and rejected rows stay after the job has ended"
    )

    dask: str | None = Field(
        default=None,
        description="scheduler of a Dask cluster, tcp://host:8786, that computes maps",
    )

    @field_validator("dask")
    @classmethod
    def _is_a_scheduler(cls, address: str | None) -> str | None:
        if address and not address.startswith(("tcp://", "tls://", "ucx://", "inproc://")):
            raise ValueError(f"the address of a Dask scheduler starts with tcp:// or tls://, got {address!r}")
        return address or None

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, address: str | None) -> str | None:
        if address:
            Database.at(address)
        return address or None

    @property
    def surfaces(self) -> Path:
        """Where the cloud-optimised GeoTIFFs are."""
        return self.home / "surfaces"

    @property
    def layers(self) -> Path:
        """Where the rasters of registered layers are."""
        return self.home / "layers"

    @property
    def pictures(self) -> Path:
        """Where the PNG maps and plots are."""
        return self.home / "pictures"

    @property
    def reports(self) -> Path:
        """Where the reports on loads and the rejected rows are."""
        return self.home / "reports"

    @property
    def uploads(self) -> Path:
        """Where the files of jobs are, each job with a folder of its own."""
        return self.home / "uploads"

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The database named in the settings, or the embedded one, kept alive while the block runs."""
        if self.database_url:
            yield Database.at(self.database_url)
            return
        with embedded(self.home) as database:
            yield database
