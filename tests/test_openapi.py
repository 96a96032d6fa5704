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


def test_every_field_of_plans_packages_and_questions_is_explained():
    schemas = openapi()["components"]["schemas"]
    names = [name for name in schemas if name.startswith(("Plan", "Package", "Partnership"))]
    names += [name for name in schemas if name.endswith("Question")]
    assert len(names) > 10
    for name in names:
        assert schemas[name].get("description"), name
        for field, schema in schemas[name].get("properties", {}).items():
            assert schema.get("description"), f"{name}.{field}"


@pytest.mark.parametrize(
    ("path", "name", "body"), EXAMPLES, ids=[f"{path} {name}" for path, name, _ in EXAMPLES]
)
def test_examples_work_when_pasted(served, path, name, body):
    response = httpx.post(served + path, json=body, timeout=60)
    assert response.status_code == 200, response.text
    if response.headers["content-type"] == "application/json":
        assert all("errors" not in result for result in response.json().get("results", ()))


@pytest.mark.parametrize(
    "path", ["/v1/model", "/v1/benchmarks", "/v1/openapi.json", "/metrics", "/livez", "/healthz"]
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
