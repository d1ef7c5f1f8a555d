"""What whoever has the file can do about each rule that it broke."""

from ingest.findings import Rule

MARKS = "State the mark in the profile: file.decimal, and file.thousands where thousands are parted."
REPEATED = (
    'If both are meant, give them different codes; if it was measured again, state measurements.replicates = "number".'
)
SYSTEM = (
    "Check position.crs and which column is x, which y; a row that is right all the same can be kept with an override."
)

REMEDIES = {
    "ragged-row": "Quote cells that hold the delimiter, and fill or drop the surplus cells.",
    "no-partner": "Add the row that is referred to, or correct the reference; file.joins says what refers to what.",
    "left-out": "Nothing, if that is meant; else change file.only in the profile.",
    "rejected-by-laboratory": "Nothing: who measured it says that it must not be used.",
    "compounds": 'State sources.releases.compounds = "element" where the rules of the inventory say so.',
    "no-code": "Give the row a code, or leave specimen.code out of the profile so that its row number stands in.",
    "position-missing": "Add the coordinates; a second pair in the profile ([position.second]) can fill the gap.",
    "position-unreadable": MARKS,
    "position-at-origin": "Add the coordinates: (0, 0) is what empty cells become.",
    "position-outside": SYSTEM,
    "position-swapped": "Exchange position.x and position.y in the profile, or the two cells of the row.",
    "position-sign": "Add or take away the minus sign; west of Greenwich and south of the equator it belongs there.",
    "position-zone": "Find out in which zone it was measured; with several zones position.crs is a column.",
    "position-outside-survey": "Correct the coordinates, or position.within if the survey is larger.",
    "position-far": "Compare it with its neighbours in the file: a digit too many or a wrong sign is the usual reason.",
    "two-positions": "Find out which pair is right and correct the other; the sample lies where the first pair says.",
    "position-from-second": "Nothing, if the second pair can be trusted; else add the first.",
    "not-a-number": "Write a number, leave the cell empty, or name the word in file.blank or notation.nondetect.",
    "ambiguous-number": MARKS,
    "not-a-date": 'State how dates are written, e.g. format = "%d.%m.%Y", or write them as 2024-05-31.',
    "not-a-code": "Add the code to the values of this field in the profile, or correct it.",
    "depth-order": "Exchange the two depths.",
    "unknown-contaminant": "Write its name, symbol or CAS number; what the vocabulary does not know is left out.",
    "cas-contradiction": "Compare row by row: one column may have slipped against the other. The name counts.",
    "unknown-sector": "Check which classification the codes are of (scheme); the source is kept with its code.",
    "unit-not-convertible": "Correct the unit, or translate it in the profile (values): any mass per mass can be read.",
    "unknown-basis": "Write dry, wet or unknown, or translate the texts in the profile (values).",
    "no-detection-limit": "State the limit of detection: lod, as a number or a column.",
    "zero-value": 'If 0 means not detected, state notation.zero = "below-lod" and the lod.',
    "negative-value": 'If a minus sign marks a limit of detection, state notation.negative = "below-absolute".',
    "implausible-value": "Check the unit: the content is more than all of the soil.",
    "duplicate-code": REPEATED,
    "duplicate-measurement": REPEATED,
    "duplicate-row": "Nothing: the row is the same, cell by cell, and counts once.",
    "all-rejected": "Correct the values that are named for this row above.",
    "substituted-limit": "Ask for the limit of detection and state it as lod: the constant counts as measured so far.",
    "substituted-share": "Write it as below the limit (<0.05), or ask for the values that were replaced.",
    "unit-slip": "Check the unit of the column: the contents are hundreds of times what soils hold.",
    "quality-control": "Say in specimen.quality_control.values what the text means: sample, blank, field-duplicate, …",
    "blank-contaminated": "Ask the laboratory; values near those of the blanks may be theirs and not the soil's.",
    "blank-limit": "State the higher limit as lod, and values below it become bounds.",
    "below-blank": "Treat it as not detected: the blanks of its batch hold as much.",
    "reference-bias": "Ask the laboratory whether the batch was recalibrated; nothing was corrected.",
    "spike-recovery": "Ask the laboratory; the matrix may hold the contaminant back or interfere.",
    "duplicate-alone": "Load it together with the sample that it repeats, or state specimen.original.",
    "sum-contradiction": "Ask which members the sum has and how non-detects count; members and sum are both kept.",
    "partial-sum": "Use it as a lower bound; the missing members are named in its text.",
    "old-date": "Check the year: 1899 and 1900 are what empty or two-digit dates become in spreadsheets.",
    "texture-sum": "Check the three columns: one may be a fraction of another scheme, or not in percent.",
    "implausible-depth": "Check the unit of the depths: upper_depth_cm and lower_depth_cm are centimetres.",
    "below-own-limit": "Ask whether the value was measured or stands for “not detected”.",
}
OTHERWISE = {
    "reject": "Correct it in the file, or in the file of rejected rows, and load again.",
    "flag": "Check it; the value is loaded and marked.",
    "info": "Nothing.",
}


def remedy(rule: Rule) -> str:
    """What can be done about a broken rule, and how its severity is changed where that is possible."""
    advice = REMEDIES.get(rule.name, OTHERWISE[rule.severity])
    if not rule.overridable:
        return advice
    return f"{advice} Override: [rules] {rule.name} = {' or '.join(_others(rule))}."


def _others(rule: Rule) -> list[str]:
    possible = ("flag", "off") if rule.of_file else ("reject", "flag", "off")
    return [f'"{other}"' for other in possible if other != rule.severity]
