"""Imported by the process from which those of the commands are forked: each of them finds every template compiled."""

from warehouse.build import _ENVIRONMENT

for name in _ENVIRONMENT.list_templates():
    _ENVIRONMENT.get_template(name)
