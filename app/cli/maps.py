"""`edaphos map CONTAMINANT`: interpolate and publish a surface."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.choices import (
    AREA,
    Basis,
    Dataset,
    Depth,
    Digestion,
    Medium,
    Splines,
    TransferFrom,
    area_asked,
    contaminant_of,
    selection_of,
)
from app.cli.terminal import Contaminant, Json, output, print_json, progress_bar, ready_database, transaction
from app.jobs import defer_map
from app.settings import Settings
from app.work.drift import drift_terms
from app.work.map_request import COKRIGING, INDICATORS, MAP_METHODS, WITH_DRIFT, MapRequest, method_for
from app.work.maps import make_map
from app.work.published import PublishedMap
from mapping.drift import TRANSFORMS
from mapping.neighbourhood import Neighbourhood
from mapping.recipe import FITTED_BY

BLOCK = 16
"""Cells along a block that shares its neighbours."""
TARGETS = {"me": "0", "msdr": "1", "median_sdr": "0.455", "coverage_90": "0.90", "coverage_95": "0.95"}
METHOD = (
    f"One of {', '.join(MAP_METHODS)}; default the first, with a drift {WITH_DRIFT}, with --secondary {COKRIGING}, "
    f"with --limit {INDICATORS}."
)
SECONDARY = "Another contaminant that helps to predict (cokriging); may be repeated."
LIMIT = "A limit in mg/kg whose probability of being exceeded is mapped (indicator kriging); may be repeated."


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command(name="map")(map_command)


def map_command(  # noqa: PLR0913 - one parameter per option
    contaminant: Contaminant,
    *,
    resolution: Annotated[float, typer.Option(help="Side of a cell in metres.")],
    area: Annotated[str | None, typer.Option(help=AREA)] = None,
    drift: Annotated[list[str] | None, typer.Option(help="A registered layer in the trend; may be repeated.")] = None,
    drift_transform: Annotated[list[str] | None, typer.Option(help=f"Of each drift: {', '.join(TRANSFORMS)}.")] = None,
    method: Annotated[str | None, typer.Option(help=METHOD)] = None,
    secondary: Annotated[list[str] | None, typer.Option(help=SECONDARY)] = None,
    limit: Annotated[list[float] | None, typer.Option(help=LIMIT)] = None,
    transform: Annotated[
        str, typer.Option(help="Scale of the model: log, identity, boxcox, normal-score, auto.")
    ] = "log",
    fitted_by: Annotated[str, typer.Option(help=f"The covariance: {', '.join(FITTED_BY)}.")] = "auto",
    neighbours: Annotated[int | None, typer.Option(help="Use only this many nearest samples.", min=1)] = None,
    least: Annotated[int, typer.Option(help="Cells with fewer neighbours get no value.", min=1)] = 1,
    radius: Annotated[float | None, typer.Option(help="Use only neighbours within so many metres.")] = None,
    octants: Annotated[bool, typer.Option("--octants", help="An eighth of the neighbours from each side.")] = False,
    shared: Annotated[bool, typer.Option("--shared", help="Blocks of 16 × 16 cells share neighbours.")] = False,
    compressed: Annotated[
        bool, typer.Option("--compressed", help="A map from all samples faster, its error checked and stated.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of what is drawn at random.", min=0)] = 0,
    dataset: Dataset = None,
    medium: Medium = None,
    digestion: Digestion = None,
    transfer_from: TransferFrom = None,
    basis: Basis = None,
    depth: Depth = None,
    splines: Splines = False,
    later: Annotated[bool, typer.Option("--later", help="Put it into the queue for `edaphos worker`.")] = False,
    as_json: Json = False,
) -> None:
    """Make a map: variogram, kriging, scores, a cloud-optimised GeoTIFF with its provenance."""
    settings = Settings()
    selected = selection_of(contaminant, dataset, medium, digestion, basis, depth)
    selection = replace(selected, transfer_from=transfer_from, splined=splines or None)
    terms = drift_terms(drift or (), drift_transform or ())
    others = tuple(contaminant_of(each) for each in secondary or ())
    limits = tuple(limit or ())
    chosen = method or method_for(terms, others, limits)
    file, within = area_asked(area)
    blocks = BLOCK * resolution if shared else None
    near = _near(neighbours, minimum=least, radius=radius, octants=octants, shared=blocks)
    request = MapRequest(
        selection,
        resolution,
        file,
        chosen,
        transform,
        near,
        seed,
        within,
        terms,
        fitted_by,
        compressed,
        others,
        limits,
    )
    if later:
        with ready_database(settings) as database:
            job = defer_map(database, request)
        print_json({"job": job}) if as_json else output.print(f"job {job} waits for `edaphos worker`")
        return
    with transaction(settings) as connection, progress_bar(f"mapping {selection.contaminant}") as progress:
        made = make_map(settings, connection, request, progress)
    print_json(made.to_dict()) if as_json else show(made)


def _near(neighbours: int | None, **rules: Any) -> int | Neighbourhood | None:
    """A number of nearest samples, or a neighbourhood where there is more to say; ValueError where that is nonsense."""
    plain = Neighbourhood()
    if all(rules[name] in (getattr(plain, name), None) for name in rules):
        return neighbours
    return Neighbourhood(plain.maximum if neighbours is None else neighbours, **rules)


def show(made: PublishedMap) -> None:
    """Print what was made, the fitted model and how good it is."""
    state = "made" if made.created else "is there already, nothing changed"
    output.print(f"[bold]{made.title}[/]: {state}\n  {made.path}")
    told, model = made.parameters, made.parameters.get("model", {})
    for heading, text in (*_model_words(model), *_input_words(told)):
        output.print(f"  {heading:<10} {escape(text)}")
    for note in [*told.get("drift_notes", ()), *model.get("notes", ())]:
        output.print(f"  note       {escape(note)}")
    if "brier" in model:
        output.print(_brier(model))
    elif "bands" in told:
        output.print("  bands      " + ", ".join(f"{band['name']} ({band['title']})" for band in told["bands"]))
    else:
        output.print(_scores(made.scores, told.get("validation")))
    if "validation" in told:
        _explain_validation(told["validation"])


def _model_words(model: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not model:
        return
    yield "samples", f"{model['samples']} ({model['censored']} known by bounds only)"
    yield "variogram", f"{model['variogram']}\n             {model['why']}"
    for name, correlation in model.get("correlation", {}).items():
        known = model["variables"][name]["places"]
        yield "with", f"{name}, known at {known} places, correlation {correlation:.2f} at one place"


def _input_words(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "transfer" in told:
        yield "carried", told["transfer"]["says"]
    if "splined" in told:
        yield "depth", told["splined"]["says"]
    for term in told.get("drift", ()):
        yield "drift", _in_words(term)


def _brier(model: Mapping[str, Any]) -> Table:
    """How good the probabilities are, each sample left out, beside saying the share of samples above everywhere."""
    table = Table("mg/kg", "Brier score", "of the mean share", box=None, padding=(0, 2, 0, 2))
    for limit, score, plain in zip(model["limits"], model["brier"], model["brier_of_share"], strict=True):
        table.add_row(f"{limit:g}", f"{score:.4f}", f"{plain:.4f}")
    return table


def _scores(leave_one_out: Mapping[str, float], validation: Mapping[str, Any] | None) -> Table:
    """A column for each way of leaving samples out."""
    schemes = {"leave-one-out": leave_one_out} | dict(validation["scores"] if validation else {})
    table = Table("scores, on the model's scale", *schemes, "target", box=None, padding=(0, 2, 0, 2))
    for name in leave_one_out:
        table.add_row(name, *(f"{scores[name]:.4g}" for scores in schemes.values()), TARGETS.get(name, ""))
    return table


def _explain_validation(validation: Mapping[str, Any]) -> None:
    output.print(f"  believe    {validation['scheme']}: {validation['why']}")
    design = validation["by_design"]
    if design:
        output.print(
            f"  by design  the map's mean error is {design['me']:+.3g} ({design['me_low']:+.3g} to "
            f"{design['me_high']:+.3g}), its RMSE {design['rmse']:.3g} ({design['rmse_low']:.3g} to "
            f"{design['rmse_high']:.3g}), whatever the model"
        )


def _in_words(term: Mapping[str, Any]) -> str:
    name = term["layer"] if term["transform"] == "none" else f"{term['transform']}({term['layer']})"
    classes = f", classes {', '.join(term['classes'])}" if term["classes"] else ""
    return (
        f"{name}: {term['title']}, version {term['version']}, sha256 {term['checksum'][:16]}…, "
        f"{term['sampling']}{classes}"
    )
