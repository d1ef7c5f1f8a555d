"""What controls say of the measurements of their series: how precise they are, what blanks hold, what is biased.

A series is a contaminant measured by one procedure; its batches are told apart as far as each has controls enough,
and what all of them say together stands in for the others.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingest.contaminants import Contaminants
from ingest.errors import IngestError
from ingest.findings import RULES, Finding, Rule
from ingest.profile import Controls
from ingest.units import to_mg_per_kg
from mapping.control import Bias, BlankResult, assess_bias, assess_blanks
from mapping.precision import ErrorModel, fit_error_model, sampling_sd

PROCEDURE = ("contaminant", "digestion", "instrument", "standard", "basis")
MUCH_HIGHER = 2.0
"""A limit of detection by blanks is known to about a half itself: below this factor it contradicts no stated one."""

Found = TypeVar("Found")
Series = tuple[str, str]
"""The key of a procedure, and a batch; an empty one stands for all batches."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What was found out, by series; `findings` says it in words."""

    analysis: Mapping[Series, ErrorModel] = field(default_factory=dict)
    blanks: Mapping[Series, BlankResult] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def assess(
    controls: Any, originals: Any, known: Controls, contaminants: Contaminants, rules: Mapping[str, Rule] = RULES
) -> Assessment:
    """Assess the results of controls; `originals` are measurements with the `code` of the specimens they repeat.

    Both are Arrow tables with the columns of `PROCEDURE`, batch, lower, upper, row and original_text.
    """
    words = _Words(rules)
    analysis, blanks = learnt(controls, originals)
    sampling = _precision(_pairs(controls, originals, "field-duplicate"))
    words.counted(controls)
    words.precision(analysis, controls)
    words.sampling(sampling, analysis, controls)
    words.blanks(blanks, controls)
    words.recoveries(controls, known, contaminants)
    words.alone(controls, originals)
    return Assessment(analysis, blanks, tuple(words.findings))


def learnt(controls: Any, originals: Any) -> tuple[dict[Series, ErrorModel], dict[Series, BlankResult]]:
    """What controls teach about measurements: the precision of each series, and what its blanks hold."""
    analysis = _precision(_pairs(controls, originals, "laboratory-duplicate"))
    return analysis, _each_series(_of_kind(controls, "blank"), lambda rows: assess_blanks(_low(rows), _high(rows)))


def of_series(found: Mapping[Series, Found], rows: Any) -> Iterator[tuple[Found, NDArray[np.bool_]]]:
    """Each thing that was found, and the rows (n,) that it holds for: its batch, or those without one of their own."""
    keys, batches = _keys(rows), pc.fill_null(rows["batch"], "")
    for (key, batch), one in found.items():
        mine = _mask(pc.equal(keys, key))
        if batch:
            yield one, mine & _mask(pc.equal(batches, batch))
            continue
        own = pa.array([other for kind, other in found if kind == key and other], pa.string())
        yield one, mine & ~_mask(pc.is_in(batches, own))


def fill_uncertainty(measurements: Any, analysis: Mapping[Series, ErrorModel]) -> Any:
    """The measurements with the standard deviation that the duplicates of their batch show, where none is stated."""
    uncertainty = np.array(measurements["uncertainty"].to_numpy(), dtype=np.float64)
    content = _high(measurements)
    measured = (_low(measurements) == content) & np.isnan(uncertainty)
    for model, mine in of_series(analysis, measurements):
        fill = mine & measured
        uncertainty[fill] = model.sd(content[fill])
    index = measurements.schema.get_field_index("uncertainty")
    return measurements.set_column(index, "uncertainty", pa.array(uncertainty, from_pandas=True))


def below_blank(measurements: Any, blanks: Mapping[Series, BlankResult]) -> NDArray[np.bool_]:
    """Which measured values (n,) do not exceed what the blanks of their batch hold, mean + 3 standard deviations."""
    content = _high(measurements)
    doubtful = np.zeros(len(content), np.bool_)
    for blank, mine in of_series(blanks, measurements):
        if not blank.bounded:
            doubtful |= mine & (_low(measurements) == content) & (content <= blank.limit)
    return doubtful


def _of_kind(controls: Any, kind: str) -> Any:
    return controls.filter(pc.equal(controls["kind"], kind))


def _keys(rows: Any) -> Any:
    parts = (pc.fill_null(pc.cast(rows[name], pa.string()), "") for name in PROCEDURE)
    return _whole(pc.binary_join_element_wise(*parts, "\x1f"))


def _whole(values: Any) -> Any:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _mask(values: Any) -> NDArray[np.bool_]:
    return np.asarray(_whole(values).to_numpy(zero_copy_only=False), np.bool_)


def _low(rows: Any) -> NDArray[np.float64]:
    return np.asarray(rows["lower"].to_numpy(), np.float64)


def _high(rows: Any) -> NDArray[np.float64]:
    return np.asarray(rows["upper"].to_numpy(), np.float64)


def _each_series(rows: Any, find: Callable[[Any], Found | None]) -> dict[Series, Found]:
    """What each series says as a whole, and each of its batches for itself."""
    found: dict[Series, Found] = {}
    keys, batches = _keys(rows), _whole(pc.fill_null(rows["batch"], ""))
    for key in pc.unique(keys).to_pylist():
        mine = pc.equal(keys, key)
        for batch in ["", *filter(None, pc.unique(batches.filter(mine)).to_pylist())]:
            one = find(rows.filter(pc.and_(mine, pc.equal(batches, batch)) if batch else mine))
            if one is not None:
                found[key, batch] = one
    return found


def _told(found: Mapping[Series, Found]) -> Iterator[tuple[Series, Found]]:
    """What is worth saying: what all batches say together is not, where there is one batch."""
    for (key, batch), one in found.items():
        if batch or all(one != other for (kind, own), other in found.items() if kind == key and own):
            yield (key, batch), one


def _pairs(controls: Any, originals: Any, kind: str) -> Any:
    """Duplicates with a `first` value, that of their original; where either is a bound only it is not a number."""
    duplicates = _of_kind(controls, kind)
    at = pc.index_in(_partners(duplicates, "original"), _partners(originals, "code"))
    measured = np.where(_low(originals) == _high(originals), _high(originals), np.nan)
    first = pc.take(pa.array(measured), at).to_numpy(zero_copy_only=False)
    second = np.where(_low(duplicates) == _high(duplicates), _high(duplicates), np.nan)
    return duplicates.append_column("first", pa.array(first)).append_column("second", pa.array(second))


def _partners(rows: Any, code: str) -> Any:
    return _whole(pc.binary_join_element_wise(pc.fill_null(rows[code], ""), _keys(rows), "\x1f"))


def _precision(pairs: Any) -> dict[Series, ErrorModel]:
    return _each_series(pairs, lambda rows: fit_error_model(rows["first"].to_numpy(), rows["second"].to_numpy()))


def _label(series: Series) -> str:
    contaminant, digestion, instrument, standard, _ = series[0].split("\x1f")
    procedure = " ".join(part for part in (digestion, instrument, standard) if part not in ("", "unknown"))
    return ", ".join(part for part in (contaminant, procedure, f"batch {series[1]}" if series[1] else "") if part)


def _in_words(model: ErrorModel) -> str:
    constant = f"{model.constant:.3g} mg/kg" if model.constant else ""
    relative = f"{model.relative:.1%} of the content" if model.relative or not constant else ""
    left_out = f" ({model.excluded} pairs that lie too far apart left out)" if model.excluded else ""
    return " + ".join(part for part in (constant, relative) if part) + left_out


@dataclass(slots=True)
class _Words:
    """The findings of an assessment, in sentences."""

    rules: Mapping[str, Rule]
    findings: list[Finding] = field(default_factory=list)

    def counted(self, controls: Any) -> None:
        """How many rows are controls, by kind."""
        rows = controls.group_by("kind").aggregate([("row", "count_distinct")]).sort_by("kind").to_pylist()
        kinds = ", ".join(f"{entry['kind']} {entry['row_count_distinct']}" for entry in rows)
        self._say("controls", controls, f"kept apart from the samples; results by rows: {kinds}")

    def precision(self, analysis: Mapping[Series, ErrorModel], controls: Any) -> None:
        for series, model in _told(analysis):
            said = f"{model.pairs} analyses made twice give a standard deviation of {_in_words(model)}"
            rows = self._rows(controls, series, ("laboratory-duplicate",))
            self._say("precision", rows, f"{_label(series)}: {said}, taken as the uncertainty of its measurements")

    def sampling(
        self, sampling: Mapping[Series, ErrorModel], analysis: Mapping[Series, ErrorModel], controls: Any
    ) -> None:
        for series, model in _told(sampling):
            rows = self._rows(controls, series, ("field-duplicate",))
            said = f"{model.pairs} places sampled twice differ by a standard deviation of {_in_words(model)}"
            laboratory = analysis.get(series)
            if laboratory is not None and len(rows):
                typical = float(np.median(_high(rows)))
                part = sampling_sd(model, laboratory, [typical])[0]
                said += f", of which {part:.3g} mg/kg at {typical:.3g} mg/kg is sampling"
            self._say("sampling-precision", rows, f"{_label(series)}: {said}")

    def blanks(self, blanks: Mapping[Series, BlankResult], controls: Any) -> None:
        for series, blank in _told(blanks):
            rows = self._rows(controls, series, ("blank",))
            stated = _stated_limit(rows)
            mean = f"{'at most ' if blank.bounded else ''}{blank.mean:.3g}"
            said = f"{_label(series)}: {blank.blanks} blanks hold {mean} mg/kg in the mean"
            if not blank.bounded and blank.mean > stated:
                self._say("blank-contaminated", rows, f"{said}, more than the stated limit of detection, {stated:.3g}")
            elif not blank.bounded and blank.limit > MUCH_HIGHER * stated:
                limit = f"{blank.limit:.3g} mg/kg (mean + 3 standard deviations)"
                self._say(
                    "blank-limit", rows, f"{said}; they support a limit of detection of {limit}, not {stated:.3g}"
                )
            else:
                self._say("blanks", rows, f"{said}; mean + 3 standard deviations is {blank.limit:.3g} mg/kg")

    def recoveries(self, controls: Any, known: Controls, contaminants: Contaminants) -> None:
        """The bias of reference materials and spikes, each material and series for itself."""
        for kind, tolerance, beyond in (
            ("reference-material", known.tolerance, "reference-bias"),
            ("spike", known.spike_tolerance, "spike-recovery"),
        ):
            rows = _of_kind(controls, kind)
            certified = _certified(rows, known, contaminants)
            for material in pc.unique(pc.fill_null(certified["material"], "")).to_pylist():
                of_it = certified.filter(pc.equal(pc.fill_null(certified["material"], ""), material))
                for series, bias in _told(_each_series(of_it, _bias)):
                    rule = beyond if bias.beyond(tolerance) else "reference-material"
                    chosen = self._rows(of_it, series, (kind,))
                    self._say(rule, chosen, f"{_label(series)}: {_of_bias(bias, material or kind, tolerance)}")

    def alone(self, controls: Any, originals: Any) -> None:
        """Duplicates of what is not in the file."""
        kinds = pa.array(["laboratory-duplicate", "field-duplicate"])
        duplicates = controls.filter(pc.is_in(controls["kind"], kinds))
        alone = pc.invert(pc.is_in(_partners(duplicates, "original"), _partners(originals, "code")))
        self._say("duplicate-alone", duplicates.filter(alone), "repeats a measurement that is not in the file")

    def _rows(self, controls: Any, series: Series, kinds: tuple[str, ...]) -> Any:
        mine = pc.and_(pc.equal(_keys(controls), series[0]), pc.is_in(controls["kind"], pa.array(kinds)))
        rows = controls.filter(mine)
        return rows.filter(pc.equal(pc.fill_null(rows["batch"], ""), series[1])) if series[1] else rows

    def _say(self, rule: str, rows: Any, reason: str) -> None:
        if rule in self.rules and rows.num_rows:
            texts = [text or "" for text in rows["original_text"].to_pylist()]
            column = rows["column"][0].as_py()
            self.findings.append(Finding(self.rules[rule], rows["row"].to_numpy(), texts, f"– {reason}", column))


def _stated_limit(rows: Any) -> float:
    """The limit of detection that the file states for blanks, infinite where it states none."""
    stated = np.asarray(rows["lod"].to_numpy(), np.float64)
    return float(np.nanmedian(stated)) if np.isfinite(stated).any() else float("inf")


def _certified(rows: Any, known: Controls, contaminants: Contaminants) -> Any:
    """The rows whose content should be known, by the file itself or else by the profile."""
    expected = np.array(rows["expected"].to_numpy(), np.float64)
    error = np.array(rows["expected_uncertainty"].to_numpy(), np.float64)
    for material, contents in known.materials.items():
        of_it = _mask(pc.equal(pc.fill_null(rows["material"], ""), material)) & np.isnan(expected)
        for name, content in contents.items():
            mine = of_it & _mask(pc.equal(rows["contaminant"], contaminants.match(name)))
            expected[mine], error[mine] = to_mg_per_kg(known.unit)(np.array([content.value, content.uncertainty]))
    for name, values in (("expected", expected), ("expected_uncertainty", np.nan_to_num(error))):
        rows = rows.set_column(rows.schema.get_field_index(name), name, pa.array(values))
    return rows.filter(pa.array((expected > 0) & (_low(rows) == _high(rows))))


def _bias(rows: Any) -> Bias | None:
    """The bias of results, each over what it should be, so that spikes of different heights go together."""
    expected = rows["expected"].to_numpy()
    relative_error = float(np.median(rows["expected_uncertainty"].to_numpy() / expected))
    return assess_bias(_high(rows) / expected, 1.0, relative_error) if len(expected) else None


def _of_bias(bias: Bias, material: str, tolerance: float) -> str:
    results = f"{bias.results} result{'s' * (bias.results > 1)} of {material}"
    interval = f" (95 % interval {bias.lower:+.1%} to {bias.upper:+.1%})" if bias.results > 1 else ""
    beyond = f", beyond the tolerance of {tolerance:.0%}; nothing was corrected" if bias.beyond(tolerance) else ""
    return f"{results} deviate by {bias.relative:+.1%}{interval} from what they should be{beyond}"


def check_materials(known: Controls, contaminants: Contaminants) -> None:
    """Refuse certified contents of what is no contaminant, or in no unit of content; raises `IngestError`."""
    try:
        to_mg_per_kg(known.unit)
        for contents in known.materials.values():
            for name in contents:
                contaminants.match(name)
    except ValueError as error:
        raise IngestError(f"controls.materials: {error}") from None
