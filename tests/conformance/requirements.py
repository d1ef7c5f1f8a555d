"""The requirements that OGC's own test suites exercise, by suite; each has one test, named after it."""

FEATURES = (
    *(f"/req/core/fc-{name}" for name in ("md-success", "bbox-definition", "time-definition", "op")),
    *(f"/req/core/fc-{name}" for name in ("limit-definition", "limit-response", "md-op", "bbox-response", "response")),
    *(f"/req/core/fc-{name}" for name in ("links", "rel-type", "timeStamp", "numberMatched", "numberReturned")),
    "/req/core/fc-time-response",
    *(f"/req/core/{name}" for name in ("crs84", "http", "root-op", "root-success", "sfc-md-op", "sfc-md-success")),
    *(f"/req/core/{name}" for name in ("api-definition-op", "api-definition-success", "conformance-op")),
    *(f"/req/core/{name}" for name in ("conformance-success", "query-param-invalid", "query-param-unknown")),
    *(f"/req/core/f-{name}" for name in ("op", "success", "links")),
    *(f"/req/crs/{name}" for name in ("crs-uri", "fc-md-crs-list", "fc-md-storageCrs", "fc-md-crs-list-global")),
    *(f"/req/crs/{name}" for name in ("fc-md-storageCrs-valid-value", "fc-crs-definition", "fc-crs-valid-value")),
    *(f"/req/crs/{name}" for name in ("ogc-crs-header", "ogc-crs-header-value", "geojson", "fc-crs-default-value")),
    *(f"/req/crs/{name}" for name in ("crs-action", "fc-bbox-crs-default-value", "fc-bbox-crs-definition")),
    *("/req/crs/bbox-crs-action", "/conf/crs/bbox-crs-parameter-invalid", "/conf/crs"),
)

TILES = (
    *(f"/req/core/{name}" for name in ("conformance-success", "tc-op", "tc-tilematrix-definition")),
    *(f"/req/core/{name}" for name in ("tc-tilerow-definition", "tc-tilecol-definition", "tc-success", "tc-error")),
    *("/req/oas30/completeness", "/req/oas30/operation-id", "/conf/core/tc-error", "/req/tilesets-list/tileset-links"),
)

PROCESSES = (
    *(f"/req/core/{name}" for name in ("http", "job", "job-creation-input-array", "job-creation-input-binary")),
    *(f"/req/core/{name}" for name in ("job-creation-input-inline", "job-creation-input-inline-bbox")),
    *(f"/req/core/{name}" for name in ("job-creation-input-inline-mixed", "job-creation-input-inline-object")),
    *(f"/req/core/{name}" for name in ("job-creation-input-ref", "job-creation-input-validation")),
    *(f"/req/core/{name}" for name in ("job-creation-inputs", "job-creation-op", "job-creation-request")),
    *(f"/req/core/{name}" for name in ("job-creation-success-async", "job-creation-sync-document")),
    *(f"/req/core/{name}" for name in ("job-creation-sync-raw-mixed-multi", "job-creation-sync-raw-ref")),
    *(f"/req/core/{name}" for name in ("job-creation-sync-raw-value-multi", "job-creation-sync-raw-value-one")),
    *(f"/req/core/{name}" for name in ("job-exception-no-such-job", "job-results", "job-results-async-document")),
    *(f"/req/core/{name}" for name in ("job-results-async-raw-mixed-multi", "job-results-async-raw-ref")),
    *(f"/req/core/{name}" for name in ("job-results-async-raw-value-multi", "job-results-async-raw-value-one")),
    *(f"/req/core/{name}" for name in ("job-results-exception-no-such-job",)),
    *(f"/req/core/{name}" for name in ("job-results-exception-results-not-ready", "job-results-failed")),
    *(f"/req/core/{name}" for name in ("job-results-sync", "job-success", "pl-limit-definition")),
    *(f"/req/core/{name}" for name in ("pl-limit-response", "pl-links", "process")),
    *(f"/req/core/{name}" for name in ("process-exception-no-such-process", "process-list", "process-list-success")),
    *(f"/req/core/{name}" for name in ("process-success",)),
    *(f"/req/ogc-process-description/{name}" for name in ("input-def", "input-mixed-type", "inputs-def")),
    *(f"/req/ogc-process-description/{name}" for name in ("json-encoding", "output-def", "output-mixed-type")),
    *(f"/req/ogc-process-description/{name}" for name in ("outputs-def",)),
    "/conf/core/conformance-success",
    "/conf/core/landingpage-op",
    "/conf/core/landingpage-success",
    "/req/job-list/job-list-op",
    "/req/job-list/job-list-success",
)

EDR = (
    *(f"/conf/edr/REQ_rc-{name}-definition" for name in ("corridor-width", "corridor-height", "height-units", "crs")),
    *(f"/conf/edr/rc-{name}" for name in ("f-definition", "z-definition", "collection-info", "md-query-links")),
    *(f"/conf/edr/rc-{name}" for name in ("parameters", "coords-definition")),
    *(f"/conf/collections/{name}" for name in ("REQ_rc-parameter-name-definition", "src-md-op", "src-md-success")),
    *("/conf/collections/rc-md-op", "/req/collections/rc-md-op", "/conf/rc-md-success", "/req/core/http"),
    *(f"/conf/core/{name}" for name in ("rc-extent", "rc-collection-info-links", "datetime-definition", "root-op")),
    *(f"/conf/core/{name}" for name in ("root-success", "api-definition", "api-definition-success", "conformance")),
    *("/conf/core/conformance-success", "/conf/core/crs84", "/req/core/rc-collection-info-links"),
    *("/req/edr/rc-md-query-links", "/req/edr/within-definition", "/conf/corridor", "/conf/cube", "/conf/trajectory"),
    *(f"/conf/{kind}/{what}" for kind in ("json", "geojson", "edr-geojson") for what in ("definition", "content")),
)


def name_of(requirement: str) -> str:
    """The name of the test of a requirement."""
    return "test" + requirement.replace("/", "_").replace("-", "_").lower()
