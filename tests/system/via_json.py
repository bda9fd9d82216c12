# SPDX-License-Identifier: BSD-2-Clause
"""What `via COMMAND --json` prints, read, and held against docs/json-schema/COMMAND.json."""

import json

import jsonschema

from conftest import TOP

FOLDER = TOP / "docs/json-schema"


def read(command, text):
    """The value that the text of a command's --json is."""
    schema = json.loads((FOLDER / f"{command}.json").read_text())
    value = json.loads(text)
    jsonschema.Draft202012Validator(schema).validate(value)
    return value
