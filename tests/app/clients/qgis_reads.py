"""What QGIS sees of a service: run by the system's Python, which has it; prints one JSON object."""

import json
import os
import sys

from qgis.core import QgsApplication, QgsFeatureRequest, QgsRectangle, QgsVectorLayer, QgsVectorTileLayer

address = sys.argv[1]
application = QgsApplication([], False)
application.initQgis()
layer = QgsVectorLayer(f"url='{address}' typename='samples'", "samples", "OAPIF")
box = QgsFeatureRequest().setFilterRect(QgsRectangle(5.73, 50.96, 5.75, 50.98))
tiles = f"type=xyz&url={address}/collections/samples/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}&zmin=0&zmax=14"
seen = {
    "valid": layer.isValid(),
    "features": sum(1 for _ in layer.getFeatures()),
    "in the box": sum(1 for _ in layer.getFeatures(box)),
    "fields": [field.name() for field in layer.fields()],
    "crs": layer.crs().authid(),
    "tiles": QgsVectorTileLayer(tiles, "tiles").isValid(),
}
layer.setSubsetString("\"specimen\" = 'm3'")
seen["of one name"] = sum(1 for _ in layer.getFeatures())
print(json.dumps(seen), flush=True)
os._exit(0)  # taking QGIS down crashes now and then, which is no matter of ours
