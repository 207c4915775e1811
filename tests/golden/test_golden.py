"""Every command answers as it is on record: facts (exit codes, numbers, files), and wording."""

from __future__ import annotations

import pytest
from corpus import calls, differences, kept, run
from inputs import write_inputs

CALLS = calls()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("golden")
    write_inputs(folder)
    return folder


@pytest.mark.parametrize(
    "call",
    [pytest.param(call, id=call.name, marks=[] if call.often else [pytest.mark.run_all]) for call in CALLS],
)
def test_a_call_answers_as_it_is_on_record(call, inputs):
    found = run(call, inputs)
    for layer, actual in zip(("facts", "wording"), found, strict=True):
        assert not differences(kept(layer)[call.name], actual, layer)


def test_the_record_holds_each_call_and_no_other():
    names = [call.name for call in CALLS]
    assert list(kept("facts")) == names == list(kept("wording"))
