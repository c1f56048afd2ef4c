"""Finds the mistakes that people make when they configure the help desk, by name.

A check is a function over facts, and its parameters say which (`_check.py`). Facts are got where they are
(`_sources.py`), only those that are needed, and each once. To add a check is to add a function to a module of
`checks/`.
"""

from portal.doctor._agents import Agent, Agents
from portal.doctor._check import Check, Facts, Found, Missing
from portal.doctor._cloud import Cloud
from portal.doctor._diagnose import Diagnosis, Finding, chosen, diagnose
from portal.doctor._sources import TENANT_FILE, Sources, agents_in, agents_of, look_at_aws
from portal.doctor._tenant import Tenant, keywords_of
from portal.doctor.checks import CHECKS

__all__ = [
    "CHECKS",
    "TENANT_FILE",
    "Agent",
    "Agents",
    "Check",
    "Cloud",
    "Diagnosis",
    "Facts",
    "Finding",
    "Found",
    "Missing",
    "Sources",
    "Tenant",
    "agents_in",
    "agents_of",
    "chosen",
    "diagnose",
    "keywords_of",
    "look_at_aws",
]
