"""Reads objects of Kubernetes as others do, for the tests of the export.

  check.py validate VERSION...   validates each object of the List on stdin by the strict schemas of each version; says what is wrong
  check.py json                  the YAML documents on stdin as one JSON array
"""

import json
import sys

import kubernetes_validate
import yaml

if sys.argv[1] == "json":
    documents = [document for document in yaml.safe_load_all(sys.stdin) if document]
    json.dump(documents, sys.stdout)
else:
    for item in json.load(sys.stdin)["items"]:
        for version in sys.argv[2:]:
            try:
                kubernetes_validate.validate(item, version, strict=True)
            except Exception as error:  # whatever it is, it is told
                print(version, item.get("kind"), item.get("metadata", {}).get("name"), error.__class__.__name__, str(error)[:300])
