"""Prints a request: an image of stripes."""

import json

image = [[float(row % 8 < 4) for _ in range(32)] for row in range(32)]
print(json.dumps({"image": [image]}))
