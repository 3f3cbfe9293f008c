"""Whether the OpenAPI document at a URL is one: `validate.py URL`."""

import json
import sys
import urllib.request

from openapi_spec_validator import OpenAPIV31SpecValidator

with urllib.request.urlopen(sys.argv[1]) as answer:
    document = json.load(answer)

problems = list(OpenAPIV31SpecValidator(document).iter_errors())
for problem in problems:
    print(f"{problem.json_path}: {problem.message}", file=sys.stderr)
if problems:
    sys.exit(1)
operations = sum(len(methods) for methods in document["paths"].values())
print(f"valid OpenAPI {document['openapi']}, {operations} operations")
