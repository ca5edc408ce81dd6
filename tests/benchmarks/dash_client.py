"""Calling the callbacks of a dashboard from outside, as its pages do. It knows nothing but what the dashboard says of itself."""

from collections.abc import Mapping
from typing import Any

CALLBACKS = "/_dash-update-component"
DEPENDENCIES = "/_dash-dependencies"


class Callbacks:
    """The callbacks that a dashboard has, by the component that they fill first."""

    def __init__(self, dependencies: list[dict[str, Any]]) -> None:
        """`dependencies` is what it answers at DEPENDENCIES."""
        self._known = {each["output"].strip(".").partition(".")[0]: each for each in dependencies}

    def body(self, component: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a call, as Dash posts it; `values` are those of inputs and state, by "id.property"."""
        known = self._known[component]

        def said(parts: list[dict[str, str]]) -> list[dict[str, Any]]:
            return [
                {"id": each["id"], "property": each["property"], "value": values.get(f"{each['id']}.{each['property']}")}
                for each in parts
            ]

        outputs = [
            dict(zip(("id", "property"), each.rsplit(".", 1), strict=True)) for each in known["output"].strip(".").split("...")
        ]
        inputs = said(known["inputs"])
        return {
            "output": known["output"],
            "outputs": outputs if known["output"].startswith("..") else outputs[0],
            "inputs": inputs,
            "state": said(known["state"]),
            "changedPropIds": [f"{inputs[0]['id']}.{inputs[0]['property']}"],
        }
