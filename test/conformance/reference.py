"""Maskloom's stream, written from docs/spec.md alone: slow, plain, and independent of the TypeScript.

usage: reference.py PLAN DATASET STEPS [EPOCH STEP]    prints the stream digest
"""

import hashlib
import json
import math
import struct
import sys

import pyarrow as pa

MASK32 = 0xFFFFFFFF


def philox(counter, key, rounds=10):
    """Section 2: one block of Philox4x32."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(rounds):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = p1 >> 32 ^ c1 ^ k0, p1 & MASK32, p0 >> 32 ^ c3 ^ k1, p0 & MASK32
        k0, k1 = (k0 + 0x9E3779B9) & MASK32, (k1 + 0xBB67AE85) & MASK32
    return c0, c1, c2, c3


class Draws:
    """Section 2: the draws of a seed at (epoch, sample)."""

    def __init__(self, seed, epoch, sample):
        self.key = (seed & MASK32, seed >> 32)
        self.where = (epoch, sample & MASK32, sample >> 32)

    def word(self, op, i):
        return philox((op * 2**24 + i // 4, *self.where), self.key)[i % 4]

    def half(self, op, i):
        word = self.word(op, i // 2)
        return word & 0xFFFF if i % 2 == 0 else word >> 16


def token_thresholds(p, m, r, k):
    """Section 3: the integers of the token strategy."""
    select = math.floor(p * 65536)
    random = select if k == 0 else math.floor(p * (m + r) * 65536)
    return {"select": select, "random": random, "mask": math.floor(p * m * 65536)}


def mask_tokens(ids, vocab, strategy, seed, mask_epoch, sample):
    """Section 3: the token strategy."""
    special = set(vocab["specialIds"])
    allowed = [i for i in range(vocab["size"]) if i not in special]
    draws = Draws(seed, mask_epoch, sample)
    input_ids, labels = list(ids), [-100] * len(ids)
    for i, token in enumerate(ids):
        if token in special:
            continue
        u = draws.half(0, i)
        if u < strategy["select"]:
            labels[i] = token
        if u < strategy["mask"]:
            input_ids[i] = vocab["maskId"]
        elif u < strategy["random"]:
            input_ids[i] = allowed[draws.word(2, i) * len(allowed) >> 32]
    return input_ids, labels


def order(position, rows, seed, epoch):
    """Section 6: the row at a position of an epoch."""
    bits = (rows - 1).bit_length()
    low_bits = bits // 2
    high_bits = bits - low_bits
    key = (seed & MASK32, seed >> 32)
    value = position
    while True:
        high, low = value >> low_bits, value & (1 << low_bits) - 1
        for j in range(6):
            half = low if j % 2 == 0 else high
            f = philox((5 * 2**24 + j, epoch, half, 0), key)[0]
            if j % 2 == 0:
                high ^= f & (1 << high_bits) - 1
            else:
                low ^= f & (1 << low_bits) - 1
        value = high << low_bits | low
        if value < rows:
            return value


def canonical(value):
    """RFC 8785 for what manifests and plans hold: strings, integers, arrays and objects."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def dataset_digest(manifest):
    shards = [{k: v for k, v in shard.items() if k != "path"} for shard in manifest["shards"]]
    return hashlib.sha256(canonical({**manifest, "shards": shards})).hexdigest()


def sample_digest(sample, input_ids, labels):
    n = len(input_ids)
    return hashlib.sha256(struct.pack(f"<QI{n}I{n}i", sample, n, *input_ids, *labels)).digest()


def steps_per_epoch(plan):
    rows, batch = plan["datasets"][0]["rows"], plan["batch"]
    return rows // batch if plan["last"] == "drop" else -(-rows // batch)


def batch_rows(plan, epoch, step):
    rows, batch = plan["datasets"][0]["rows"], plan["batch"]
    end = (step + 1) * batch
    if plan["last"] == "short":
        end = min(end, rows)
    positions = [i % rows for i in range(step * batch, end)]
    if plan["order"] == "sequential":
        return positions
    return [order(i, rows, int(plan["seed"]), epoch) for i in positions]


def stream_digest(plan, folder, steps, epoch=0, step=0):
    with open(f"{folder}/manifest.json", encoding="utf8") as file:
        manifest = json.load(file)
    assert dataset_digest(manifest) == plan["datasets"][0]["digest"]
    samples = []
    for shard in manifest["shards"]:
        table = pa.ipc.open_file(f"{folder}/{shard['path']}").read_all()
        samples += table.column("input_ids").to_pylist()
    base, seed = int(plan["datasets"][0]["base"]), int(plan["seed"])
    stream = hashlib.sha256(canonical(plan)).digest()
    for _ in range(steps):
        mask_epoch = epoch % plan["copies"] if plan["mode"] == "static" else epoch
        digests = b""
        for row in batch_rows(plan, epoch, step):
            masked = mask_tokens(
                samples[row], manifest["vocab"], plan["strategy"], seed, mask_epoch, base + row
            )
            digests += sample_digest(base + row, *masked)
        stream = hashlib.sha256(stream + hashlib.sha256(digests).digest()).digest()
        step += 1
        if step == steps_per_epoch(plan):
            epoch, step = epoch + 1, 0
    return stream.hex()


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf8") as plan_file:
        print(stream_digest(json.load(plan_file), sys.argv[2], *map(int, sys.argv[3:])))
