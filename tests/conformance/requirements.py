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


def name_of(requirement: str) -> str:
    """The name of the test of a requirement."""
    return "test" + requirement.replace("/", "_").replace("-", "_").lower()
