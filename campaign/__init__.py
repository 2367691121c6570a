"""Trials that try to break runs: kills, full disks, damaged files, failing judges, hostile input.

They share the judge servers, the small runs and the fork server of the tests.
"""

import sys

from campaign.paths import ROOT

sys.path += [str(ROOT / "tests" / "servers"), str(ROOT / "tests" / "pipeline")]
