"""`edaphos explain MAP`: where a map comes from, for a reader and for a machine."""

from typing import Annotated

import typer

from app.cli.maps import show
from app.cli.terminal import Json, output, print_json, transaction
from app.settings import Settings
from app.work.maps import known_map


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command()(explain)


def explain(
    surface: Annotated[str, typer.Argument(help="Id of a map, e.g. zinc-1a2b3c4d.")], *, as_json: Json = False
) -> None:
    """Print how a map was made: data, model, parameters, scores, seed."""
    settings = Settings()
    with transaction(settings) as connection:
        made = known_map(settings, connection, surface)
    if made is None:
        raise ValueError(f"there is no map {surface!r}")
    if as_json:
        print_json(made.to_dict())
        return
    show(made)
    told = made.parameters
    output.print(f"  identity   {made.version}")
    output.print(
        f"  data       {', '.join(told['datasets'])} (sha256 {told['samples_sha256'][:16]}…), {told['population']}"
    )
    output.print(f"  metres in  {told['projection']}, distances true to {told['projection_scale_error']:.2g}")
    output.print(f"  area       {told['area_is']}")
    output.print(f"  software   {told['software']}, seed {told['seed']}")
