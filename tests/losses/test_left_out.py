"""What the field has and losscli leaves out: the command says why, and does not take it for a typing error."""

from __future__ import annotations

import pytest

from losscli.loss.spec import fold
from losscli.losses.families import catalogue
from losscli.losses.left_out import LEFT_OUT

NAMES = [name for one in LEFT_OUT for name in one.names]


def squeezed(text):
    return " ".join(text.split())


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_a_loss_that_is_left_out_says_why_and_what_does_instead(here, name):
    (gone,) = (one for one in LEFT_OUT if name in one.names)
    ran = here("losses", name)
    assert (ran.code, ran.err) == (0, "")
    assert squeezed(ran.out) == squeezed(f"`{name}` is left out: {gone.why}. Instead: {gone.instead}.")


@pytest.mark.parametrize("name", ["ctc", "Yeti-Rank", "BLEU", "ntxent"])
def test_measuring_a_loss_that_is_left_out_is_exit_2_with_the_same_words(here, text, name):
    text("both.csv", ["pred,label", "1,2"])
    ran = here("eval", "both.csv", "--loss", name).block()
    assert ran.code == 2
    page = squeezed(here("losses", name).out)
    said = squeezed(ran.err.removeprefix("error: ").replace("hint:  ", ""))
    assert said.split(" is left out: ")[1].split()[:8] == page.split(" is left out: ")[1].split()[:8]
    assert "Instead: " in page


def test_a_parameter_of_a_loss_that_is_left_out_changes_nothing(here, text):
    text("both.csv", ["pred,label", "1,2"])
    assert "is left out" in here("eval", "both.csv", "--loss", "circle:gamma=80").block().err


def test_the_list_names_what_is_left_out(here):
    out = squeezed(here("losses").out)
    assert f"Left out: {', '.join(one.names[0] for one in LEFT_OUT)}." in out


def test_no_name_is_left_out_and_in_the_catalogue():
    known = {fold(name) for name, forms in catalogue().items()}
    known |= {fold(alias) for forms in catalogue().values() for form in forms for alias in form.aliases}
    folded = [fold(name) for name in NAMES]
    assert not known & set(folded)
    assert len(set(folded)) == len(folded)


@pytest.mark.parametrize("one", LEFT_OUT, ids=lambda one: one.names[0])
def test_what_is_named_instead_is_in_the_catalogue(one):
    words = {word.split(":")[0] for word in one.instead.split("`")[1::2]}
    tools = {"torch.nn.CTCLoss", "reduction='none'", "expr", "sacrebleu", "rouge-score", "evaluate"}
    assert words - tools <= set(catalogue())
