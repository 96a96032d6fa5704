"""The OpenAPI document against a real service: its examples, and schemathesis with whatever it makes up."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from starlette.routing import Route

from serving.http.openapi import openapi
from serving.http.routes import build_app
from serving.page.routes import is_page_path

PATHS = openapi()["paths"]
EXAMPLES = [
    (path, name, example["value"])
    for path, item in PATHS.items()
    if "post" in item
    for name, example in item["post"]["requestBody"]["content"]["application/json"][
        "examples"
    ].items()
]
#: Left out: what is sent is partly wrong and partly answered by design (one bad partnership sinks no other), and what
#: fits the schema may still be refused (a start before as_of).
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_the_document_names_every_address_and_no_other():
    routes = {
        re.sub(r":path}$", "}", route.path): route.methods - {"HEAD"}
        for route in build_app().routes
        if isinstance(route, Route) and not is_page_path(route.path)
    }
    assert {path: {method.upper() for method in item} for path, item in PATHS.items()} == routes


def undescribed(name, schema):
    """Give the fields of a schema, also of those within it, that lack a description."""
    for field, inner in schema.get("properties", {}).items():
        if not inner.get("description"):
            yield f"{name}.{field}"
        yield from undescribed(f"{name}.{field}", inner)
    parts = [schema.get("items"), schema.get("additionalProperties")]
    parts += [part for key in ("anyOf", "allOf", "oneOf") for part in schema.get(key, ())]
    for part in parts:
        if isinstance(part, dict):
            yield from undescribed(name, part)


def test_every_type_field_parameter_and_answer_is_described():
    schemas = openapi()["components"]["schemas"]
    assert [name for name, schema in schemas.items() if not schema.get("description")] == []
    assert [field for name, schema in schemas.items() for field in undescribed(name, schema)] == []
    operations = [one for item in PATHS.values() for one in item.values()]
    described = [
        *(one for operation in operations for one in operation.get("parameters", ())),
        *(answer for operation in operations for answer in operation["responses"].values()),
    ]
    assert [one for one in described if not one.get("description")] == []


def test_every_answer_has_a_type():
    for path, item in PATHS.items():
        for operation in item.values():
            for media, content in operation["responses"]["200"]["content"].items():
                is_text = media != "application/json" or path == "/v1/openapi.json"
                assert is_text or "$ref" in content["schema"], path


@pytest.mark.parametrize(
    ("path", "name", "body"), EXAMPLES, ids=[f"{path} {name}" for path, name, _ in EXAMPLES]
)
def test_examples_work_when_pasted(served, path, name, body):
    response = httpx.post(served + path, json=body, timeout=60)
    assert response.status_code == 200, response.text
    if response.headers["content-type"] == "application/json":
        assert all("errors" not in result for result in response.json().get("results", ()))


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/model", "/v1/model/card", "/v1/model/card?kind=html", "/v1/watch", "/v1/benchmarks"),
        *("/v1/openapi.json", "/metrics", "/livez", "/healthz"),
    ],
)
def test_addresses_without_a_body_answer(served, path):
    assert httpx.get(served + path, timeout=60).status_code == 200


def schemathesis(served, folder, examples, *more):
    """Run it against the service; gives its summary. It is told the address only: the rest stands in the document."""
    command = [
        *(
            Path(sys.executable).with_name("schemathesis"),
            "run",
            f"{served}/v1/openapi.json",
            "--checks",
            CHECKS,
        ),
        *(
            "--max-examples",
            str(examples),
            "--seed",
            "1",
            "--request-timeout",
            "60",
            "--no-color",
            *more,
        ),
    ]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1500)
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:]
    return found.stdout


def test_schemathesis_finds_no_fault_in_a_short_run(served, tmp_path):
    schemathesis(served, tmp_path, 5, "--phases", "examples,fuzzing")


@pytest.mark.slow
def test_schemathesis_finds_no_fault_in_a_long_run(served, tmp_path):
    print(schemathesis(served, tmp_path, 300))
