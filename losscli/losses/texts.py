"""Losses of a text against what it should be: words are split at whitespace, and nothing is normalised.

The value of a file is a ratio of sums, as the field reports it, and no mean of the rates of its rows.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial

import numpy as np

from losscli.loss.declare import Column, Finished, Texts, Undefined, loss
from losscli.loss.domains import NONNEGATIVE, POSITIVE, Interval
from losscli.losses.alignment import edits_and_hits, fewest_edits
from losscli.losses.stable import exp_fraction

LEVENSHTEIN = "Levenshtein (1966), Soviet Physics Doklady 10(8), 707-710"
MORRIS = "Morris, Maier & Green (2004), From WER and RIL to MER and WIL, Interspeech 2004, 2765-2768"
JELINEK = "Jelinek, Mercer, Bahl & Baker (1977), doi:10.1121/1.2016299"
THE_TEXT = "the text itself"
NO_WORDS = "no label has a word"
LOGS = Interval(high=0.0)

of_texts = partial(loss, elicits=THE_TEXT)


@of_texts(better="higher", best=1.0, rate=True, aliases=("em", "exact_match_ratio"),
          reference="Rajpurkar et al. (2016), doi:10.18653/v1/D16-1264")  # fmt: skip
def exact_match(label: Texts, pred: Texts) -> Column:
    """Share of texts that are their label, sign by sign.

        1 if pred == label else 0

    Case, spaces and accents count: a benchmark that lowers case or drops articles does so before.
    `accuracy` is the same of classes, where `1`, `1.0` and `true` are one class; here they are three texts.

    No gradient: a predicted text does not change by small amounts.

    >>> exact_match(np.array(["a b", "c"], object), np.array(["a  b", "c"], object))
    array([0., 1.])
    """
    return np.where(pred == label, 1.0, 0.0)


@of_texts(aliases=("levenshtein", "levenshtein_distance", "levenshtein_mean"), reference=LEVENSHTEIN)
def edit_distance(label: Texts, pred: Texts) -> Column:
    """Fewest signs to insert, leave out or replace to make the label, a row.

        edits(label, pred)

    Signs are Unicode's code points: an accent that is a sign of its own counts as one.  Long texts
    weigh more than short ones; `cer` is in proportion to their length.

    No gradient: a predicted text does not change by small amounts.

    >>> edit_distance(np.array(["kitten", "a"], object), np.array(["sitting", "a"], object))
    array([3., 0.])
    """
    return _counted([fewest_edits(one, other) for one, other in zip(label, pred, strict=True)])


def sign_edits(label: Texts, pred: Texts) -> tuple[Column, Column]:
    """The edits of each row, and the signs of its label."""
    return edit_distance(label, pred), _counted([len(one) for one in label])


@of_texts(of=sign_edits, aliases=("char_error_rate", "character_error_rate"), reference=LEVENSHTEIN)
def cer(edits: Fraction, signs: Fraction) -> Finished:
    """Character error rate: edits of signs over the signs of the labels.

        sum(w * edits(y, f) for y, f, w in rows) / sum(w * len(y) for y, f, w in rows)

    For writing that was recognised sign by sign, or languages without spaces.  It exceeds 1 where more
    is inserted than there is.  Spaces count, and nothing is normalised.

    >>> cer(Fraction(3), Fraction(12))
    Fraction(1, 4)
    """
    return edits / signs if signs else Undefined("no label has a sign")


def word_edits(label: Texts, pred: Texts) -> tuple[Column, Column]:
    """The edits of the words of each row, and the words of its label."""
    words = [one.split() for one in label]
    found = [fewest_edits(one, other.split()) for one, other in zip(words, pred, strict=True)]
    return _counted(found), _counted([len(one) for one in words])


@of_texts(of=word_edits, aliases=("word_error_rate",), reference=MORRIS)
def wer(edits: Fraction, words: Fraction) -> Finished:
    """Word error rate: edits of words over the words of the labels.

        sum(w * edits(words(y), words(f)) for y, f, w in rows) / sum(w * len(words(y)) for y, f, w in rows)

    The usual measure of speech recognition.  It exceeds 1 where more words are inserted than there are;
    `mer` does not.  Words are split at whitespace, and case and full stops count: what a
    benchmark normalises is normalised before.

    >>> wer(Fraction(3), Fraction(12))
    Fraction(1, 4)
    """
    return edits / words if words else Undefined(NO_WORDS)


def aligned_words(label: Texts, pred: Texts) -> tuple[Column, Column, Column, Column]:
    """Of each row: edits, words that stay, words of the label, words of the prediction."""
    pairs = [(one.split(), other.split()) for one, other in zip(label, pred, strict=True)]
    found = [edits_and_hits(one, other) for one, other in pairs]
    counts = zip(*((edits, hits, len(one), len(other)) for (edits, hits), (one, other) in zip(found, pairs, strict=True)),
                 strict=True)  # fmt: skip
    edits, hits, words, said = counts if pairs else ((), (), (), ())
    return _counted(edits), _counted(hits), _counted(words), _counted(said)


@of_texts(of=aligned_words, aliases=("match_error_rate",), reference=MORRIS)
def mer(edits: Fraction, hits: Fraction, words: Fraction, said: Fraction) -> Finished:
    """Match error rate: edits over edits and words that stay, at most 1.

        wrong = sum(w * edits(words(y), words(f)) for y, f, w in rows)
        wrong / (wrong + sum(w * hits(words(y), words(f)) for y, f, w in rows))

    The share of an alignment that is wrong.  Of alignments with the fewest edits the one that keeps
    most words counts, as Morris and jiwer have it; TorchMetrics puts the longer text's words below.

    >>> mer(Fraction(1), Fraction(3), Fraction(4), Fraction(4))
    Fraction(1, 4)
    """
    return edits / (edits + hits) if edits + hits else Undefined("neither label nor prediction has a word")


@of_texts(
    of=aligned_words, better="higher", best=1.0, aliases=("word_information_preserved",), reference=MORRIS
)
def wip(edits: Fraction, hits: Fraction, words: Fraction, said: Fraction) -> Finished:
    """Word information preserved: share of words kept, in both texts.

        kept = sum(w * hits(words(y), words(f)) for y, f, w in rows)
        kept / sum(w * len(words(y)) for y, f, w in rows) * kept / sum(w * len(words(f)) for y, f, w in rows)

    The product of how much of the label is found and how much of what is found is of the label.  It
    is symmetric, unlike `wer`, and `wil` is 1 less it.

    >>> wip(Fraction(1), Fraction(3), Fraction(4), Fraction(3))
    Fraction(3, 4)
    """
    if not words or not said:
        return Undefined(NO_WORDS if said else "no prediction has a word")
    return hits * hits / (words * said)


@of_texts(of=aligned_words, aliases=("word_information_lost",), reference=MORRIS)
def wil(edits: Fraction, hits: Fraction, words: Fraction, said: Fraction) -> Finished:
    """Word information lost: 1 less the share of words kept in both texts.

        kept = sum(w * hits(words(y), words(f)) for y, f, w in rows)
        1 - kept / sum(w * len(words(y)) for y, f, w in rows) * kept / sum(w * len(words(f)) for y, f, w in rows)

    An estimate of the information that a transcript loses, from 0 to 1, which counts inserted words as
    it counts missed ones.

    >>> wil(Fraction(1), Fraction(3), Fraction(4), Fraction(3))
    Fraction(1, 4)
    """
    kept = wip(edits, hits, words, said)
    return kept if isinstance(kept, Undefined) else 1 - kept


def nll_and_tokens(nll: Column, tokens: Column) -> tuple[Column, Column]:
    """What each row adds to both sums."""
    return nll, tokens


@loss(
    of=nll_and_tokens,
    best=1.0,
    domains={"nll": NONNEGATIVE, "tokens": POSITIVE},
    elicits="the probability of each token",
    reference=JELINEK,
    exceptions={"range": "infinite where the mean exceeds 709.78 nats a token"},
    sample="sample_data/dictation.csv --pred nll=nll,tokens=tokens",
)
def perplexity(nll: Fraction, tokens: Fraction) -> Finished:
    """Exponential of the mean negative log-likelihood of a token.

        exp(sum(w * a for a, n, w in rows) / sum(w * n for a, n, w in rows))

    How many equally likely tokens the model wavers between, on average.  A row holds a text: the sum of
    the negative natural logs of its tokens' probabilities and how many they are.  Long texts weigh more,
    as everywhere in the field.  Only models with the same tokens can be compared.

    >>> float(perplexity(Fraction(0), Fraction(3)))
    1.0
    """
    return _exp(nll / tokens) if tokens else Undefined("no row has a token")


def nll_of_token(nll: Column) -> Column:
    """What a row adds, where it is a token."""
    return nll


@loss(
    name="perplexity",
    of=nll_of_token,
    best=1.0,
    domains={"nll": NONNEGATIVE},
    elicits="the probability of each token",
    reference=JELINEK,
    exceptions={"range": "infinite where the mean exceeds 709.78 nats a token"},
    sample="sample_data/iris.csv --pred logp=logp_setosa --loss perplexity",
)
def perplexity_of_tokens(nll: Fraction) -> Finished:
    """Exponential of the mean negative log-likelihood of a row.

        exp(sum(w * a for a, w in rows) / sum(weight))

    The same where a row is a token.

    >>> float(perplexity_of_tokens(Fraction(0)))
    1.0
    """
    return _exp(nll)


def log_of_token(logp: Column) -> Column:
    """The same of a log of a probability."""
    return logp


@loss(
    name="perplexity",
    of=log_of_token,
    best=1.0,
    domains={"logp": LOGS},
    elicits="the probability of each token",
    reference=JELINEK,
    exceptions={"range": "infinite where the mean exceeds 709.78 nats a token"},
    sample="sample_data/iris.csv --pred logp=logp_setosa --loss perplexity",
)
def perplexity_of_logs(logp: Fraction) -> Finished:
    """Exponential of minus the mean log-probability of a row.

        exp(-sum(w * a for a, w in rows) / sum(weight))

    The same where a row is the natural log of a token's probability, as language models give it.

    >>> float(perplexity_of_logs(Fraction(0)))
    1.0
    """
    return _exp(-logp)


def _exp(mean: Fraction) -> Finished:
    return exp_fraction(Fraction(0), mean) if mean < 1000 else math.inf


def _counted(counts: object) -> Column:
    return np.array(counts, dtype=np.float64)
