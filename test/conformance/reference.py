"""Maskloom's stream, written from docs/spec.md alone: slow, plain, and independent of the TypeScript.

usage: reference.py stream PLAN DATASET STEPS [EPOCH STEP]    prints the stream digest
       reference.py vectors FILE...                           checks golden vectors
"""

import hashlib
import json
import math
import re
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
            input_ids[i] = random_token(draws, vocab, strategy, i)
    return input_ids, labels


def random_token(draws, vocab, action, position):
    """Section 3: the random token of a position."""
    special = set(vocab["specialIds"])
    allowed = [i for i in range(vocab["size"]) if i not in special]
    if "randomWords" not in action:
        return allowed[draws.word(2, position) * len(allowed) >> 32]
    counts, s = [vocab["counts"][i] for i in allowed], 0
    while sum(c >> s for c in counts) >= 2**32:
        s += 1
    target = draws.word(2, position) * sum(c >> s for c in counts) >> 32
    for token, count in zip(allowed, counts):
        target -= count >> s
        if target < 0:
            return token
    raise AssertionError("no token occurs")


def split_units(kind, ids, vocab, column):
    """Section 3, Units: [start, end) of each unit."""
    special, continuation = set(vocab["specialIds"]), set(vocab["continuationIds"])
    units = []
    for i, token in enumerate(ids):
        if token in special:
            continue
        goes_on = {"token": False, "word": token in continuation, "column": column and column[i] == 0}
        if goes_on[kind] and units and units[-1][1] == i:
            units[-1] = (units[-1][0], i + 1)
        else:
            units.append((i, i + 1))
    return units


def budget(selection, n, draws):
    """Section 3, Units: how many tokens to select."""
    rate = selection["rate"]
    if rate == 0 or n == 0:
        return 0
    whole, rest = divmod(rate * n, 10**6)
    if selection["rounding"] == "up":
        whole += rest > 0
    elif selection["rounding"] == "half-even":
        whole += 2 * rest > 10**6 or (2 * rest == 10**6 and whole % 2 == 1)
    else:
        whole += draws.word(9, 0) * 10**6 >= (10**6 - rest) * 2**32
    return min(max(whole, selection["least"]), selection.get("most", math.inf))


def take_spans(units, lengths, selection, left, draws):
    """Section 3, Units: the anchor that takes each unit, by the unit's number."""
    taken = {}
    if selection["anchor"] == "unit":
        anchors = [(draws.word(0, start), start, u) for u, (start, _) in enumerate(units)]
    else:
        anchors = [(draws.word(4, i), i, u) for u, unit in enumerate(units) for i in range(*unit)]
    for _, anchor, first in sorted(anchors):
        if left == 0:
            break
        if first in taken:
            continue
        length = 1
        if lengths:
            length += sum(t <= draws.word(3, anchor) for t in lengths)
        walked, room = [], left
        for u in range(first, min(first + length, len(units))):
            if u > first and units[u][0] != units[u - 1][1]:
                break
            if u in taken:
                if selection["overlap"] == "drop":
                    walked = []
                    break
                continue
            size = units[u][1] - units[u][0]
            if size > room:
                break
            room -= size
            walked.append(u)
        for u in walked:
            taken[u] = anchor
            left -= units[u][1] - units[u][0]
    return taken


def mask_units(ids, vocab, strategy, seed, mask_epoch, sample, column):
    """Section 3, Units."""
    draws = Draws(seed, mask_epoch, sample)
    units = split_units(strategy["unit"], ids, vocab, column)
    selection, action = strategy["selection"], strategy["action"]
    if selection["type"] == "bernoulli":
        selected = (u for u, (i, _) in enumerate(units) if draws.half(0, i) < selection["select"])
        taken = {u: units[u][0] for u in selected}
    else:
        left = budget(selection, len(ids), draws)
        taken = take_spans(units, strategy["lengths"], selection, left, draws)
    input_ids, labels = list(ids), [-100] * len(ids)
    for u, anchor in taken.items():
        for i in range(*units[u]):
            labels[i] = ids[i]
            index = {"token": i, "unit": units[u][0], "span": anchor}[action["per"]]
            draw = draws.half(1, index)
            if draw < action["mask"]:
                input_ids[i] = vocab["maskId"]
            elif draw < action["random"]:
                input_ids[i] = random_token(draws, vocab, action, i)
    return input_ids, labels


def half_even(a, b):
    """Section 3, Span corruption: r(a, b)."""
    whole, rest = divmod(a, b)
    return whole + (2 * rest > b or (2 * rest == b and whole % 2 == 1))


def noise_bounds(denoiser, n):
    """Section 3, Span corruption: least and most noise, and segments."""
    if n < 2 or denoiser["density"] == 0:
        return 0, 0, 0
    m = min(max(half_even(denoiser["density"] * n, 10**6), 1), n - 1)
    if denoiser["type"] == "suffix":
        d = min(m - 1, n - 1 - m)
        return m - d, m + d, 1
    return m, m, min(max(half_even(1000 * m, denoiser["meanLength"]), 1), n - m)


def segments(c, k, base, draws):
    """Section 3, Span corruption: the lengths of k segments of c tokens."""
    chosen = set()
    for i in range(k - 1):
        j = c - k + i
        t = draws.word(11, base + i) * (j + 1) >> 32
        chosen.add(j if t in chosen else t)
    ends = [-1, *sorted(chosen), c - 1]
    return [end - start for start, end in zip(ends, ends[1:])]


def draw_noise(denoiser, n, draws):
    """Section 3, Span corruption: for each token that is not special, whether it is noise."""
    least, most, k = noise_bounds(denoiser, n)
    if denoiser["type"] == "suffix":
        noise = least + (draws.word(11, 0) * (most - least + 1) >> 32)
        return [i >= n - noise for i in range(n)]
    if k == 0:
        return [False] * n
    shown = segments(n - least, k, 2**25, draws)
    hidden = segments(least, k, 0, draws)
    pairs = zip(shown, hidden)
    return [noise for a, b in pairs for noise in [False] * a + [True] * b]


def corrupt_spans(ids, vocab, strategy, seed, mask_epoch, sample):
    """Section 3, Span corruption."""
    special, draws = set(vocab["specialIds"]), Draws(seed, mask_epoch, sample)
    chosen = sum(t <= draws.word(10, 0) for t in strategy["choice"])
    denoiser = strategy["denoisers"][chosen]
    noise = iter(draw_noise(denoiser, sum(i not in special for i in ids), draws))
    input_ids = [denoiser["mode"]] if "mode" in denoiser else []
    labels, sentinel, before = [], strategy["sentinels"]["first"], False
    for token in ids:
        hidden = token not in special and next(noise)
        if hidden and not before:
            input_ids.append(sentinel)
            labels.append(sentinel)
            sentinel -= 1
        (labels if hidden else input_ids).append(token)
        before = hidden
    return input_ids, labels + ([strategy["end"]] if "end" in strategy else [])


def longest_outputs(ids, vocab, strategy):
    """Section 3, Span corruption: the bounds of input and target."""
    special = set(vocab["specialIds"])
    marks = "".join("s" if i in special else "t" for i in ids)
    n, g = marks.count("t"), len(re.findall("(?<=t)s+(?=t)", marks))
    inputs, targets = [], []
    for denoiser in strategy["denoisers"]:
        a, b, k = noise_bounds(denoiser, n)
        assert k + min(g, b - k) <= strategy["sentinels"]["count"]
        inputs.append(len(ids) - a + k + min(g, a - k) + ("mode" in denoiser))
        targets.append(b + k + min(g, b - k) + ("end" in strategy))
    return max(inputs), max(targets)


def mask(ids, vocab, strategy, seed, mask_epoch, sample, segment=None, column=None):
    """Section 3: input ids and labels; with sentence order also segment and sentence label."""
    if strategy["type"] == "sentence-order":
        n, label = len(ids), Draws(seed, mask_epoch, sample).word(8, 0) >> 31
        if label == 1:
            ids = [ids[0], *ids[segment:], *ids[1:segment]]
            column = column and [column[0], *column[segment:], *column[1:segment]]
            segment = 1 + n - segment
        masked = mask(ids, vocab, strategy["masking"], seed, mask_epoch, sample, None, column)
        return (*masked, segment, label)
    if strategy["type"] == "units":
        return mask_units(ids, vocab, strategy, seed, mask_epoch, sample, column)
    by_type = {"token": mask_tokens, "span-corruption": corrupt_spans}
    return by_type[strategy["type"]](ids, vocab, strategy, seed, mask_epoch, sample)


def at_rate(strategy, rate):
    """Section 3, Rate schedules: the strategy at a rate in parts per million."""
    if rate is None:
        return strategy
    if strategy["type"] == "sentence-order":
        return {**strategy, "masking": at_rate(strategy["masking"], rate)}
    if strategy["type"] == "span-corruption":
        [denoiser] = strategy["denoisers"]
        return {**strategy, "denoisers": [{**denoiser, "density": rate}]}
    select = rate * 65536 // 10**6
    if strategy["type"] == "token":
        scaled = {k: strategy[k] * select // strategy["select"] for k in ("random", "mask")}
        return {**strategy, **scaled, "select": select}
    change = {"select": select} if strategy["selection"]["type"] == "bernoulli" else {"rate": rate}
    return {**strategy, "selection": {**strategy["selection"], **change}}


def scheduled_rate(plan, epoch, step, per_epoch):
    """Section 3, Rate schedules."""
    if "rates" not in plan:
        return None
    points = plan["rates"]["points"]
    t = epoch if plan["rates"]["over"] == "epoch" else epoch * per_epoch + step
    if t < points[0][0]:
        return points[0][1]
    for (a, rate_a), (b, rate_b) in zip(points, points[1:]):
        if t < b:
            return (rate_a * (b - a) + (rate_b - rate_a) * (t - a)) // (b - a)
    return points[-1][1]


def permutation(count, position, f):
    """Section 6, Permutations: what stands at a position."""
    bits = (count - 1).bit_length()
    low_bits = bits // 2
    high_bits = bits - low_bits
    value = position
    while True:
        high, low = value >> low_bits, value & (1 << low_bits) - 1
        for j in range(6):
            if j % 2 == 0:
                high ^= f(j, low) & (1 << high_bits) - 1
            else:
                low ^= f(j, high) & (1 << low_bits) - 1
        value = high << low_bits | low
        if value < count:
            return value


def permute(count, position, seed, epoch, dataset, k, y=0):
    """Section 6: P(count, dataset, k, y) at a position."""
    key = (seed & MASK32, seed >> 32)
    first = 5 * 2**24 + 32 * dataset + 8 * k
    return permutation(
        count, position, lambda j, x: philox((first + j, epoch, x, y), key)[0]
    )


def windowed(position, shards, size, seed, epoch, dataset):
    """Section 6, Order: windowed."""
    rows = sum(shards)
    v, t = divmod(position, size)
    place = v * size + permute(min(size, rows - v * size), t, seed, epoch, dataset, 2, v)
    for q in range(len(shards)):
        shard = permute(len(shards), q, seed, epoch, dataset, 1)
        if place < shards[shard]:
            return sum(shards[:shard]) + place
        place -= shards[shard]


def order(plan, position, shards, epoch, dataset):
    """Section 6: the row at a position of an epoch."""
    seed = int(plan["seed"])
    if plan["order"] == "sequential":
        return position
    if plan["order"] == "global":
        return permute(sum(shards), position, seed, epoch, dataset, 0)
    return windowed(position, shards, plan["order"]["rows"], seed, epoch, dataset)


def window_count(plan, rows):
    return max(1, rows // plan["rows"]["window"]) if rows else 0


def window_places(plan, w, lengths, dataset):
    """Section 6, Windows: the rows of a window, in the order of places."""
    size, rows, seed = plan["rows"]["window"], len(lengths), int(plan["seed"])
    last = w == window_count(plan, rows) - 1
    places = range(w * size, rows if last else (w + 1) * size)
    if plan["order"] != "global":
        return list(places)
    blocks = rows // 64
    return [
        64 * permute(blocks, i // 64, seed, 0, dataset, 3) + i % 64 if i // 64 < blocks else i
        for i in places
    ]


def cut(plan, w, lengths, dataset, epoch):
    """Section 6, Windows: the units of a window, each a list of rows of samples."""
    kind, batch, last = plan["rows"]["type"], plan["batch"], plan["last"]
    places = window_places(plan, w, lengths, dataset)
    base = int(plan["datasets"][dataset]["base"])
    numbers = list(range(len(places)))
    if plan["order"] != "sequential":
        draws = Draws(int(plan["seed"]), epoch, base + w)
        numbers.sort(key=lambda i: (draws.word(6, i), i))
    listed = [places[i] for i in numbers]
    if kind == "buckets" and last == "drop":
        listed = listed[: len(listed) // batch * batch]
    if kind == "buckets" and last == "fill":
        n = len(listed)
        listed = [listed[i % n] for i in range(-(-n // batch) * batch)]
    listed.sort(key=lambda row: -lengths[row])
    if kind == "packed":
        rows, rooms, touched = [], [], []
        for time, sample in enumerate(listed):
            fitting = [r for r in range(len(rows)) if rooms[r] >= lengths[sample]]
            if fitting:
                r = min(fitting, key=lambda r: (rooms[r], -touched[r]))
            else:
                r = len(rows)
                rows.append([])
                rooms.append(plan["rows"]["length"])
                touched.append(0)
            rows[r].append(sample)
            rooms[r] -= lengths[sample]
            touched[r] = time
        return [[row] for row in rows]
    units = []
    while listed:
        count = batch
        if kind == "tokens" and lengths[listed[0]] > 0:
            count = min(batch, plan["rows"]["max"] // lengths[listed[0]])
        units.append([[sample] for sample in listed[:count]])
        listed = listed[count:]
    return units


def unit_at(plan, epoch, position, data, dataset):
    """Section 6: the rows of the unit at a position of a dataset's epoch."""
    lengths, shards, seed = data["lengths"], data["shards"], int(plan["seed"])
    if "rows" not in plan:
        return [[order(plan, position, shards, epoch, dataset)]]
    windows = window_count(plan, len(lengths))
    drawn = plan["order"] != "sequential"
    for q in range(windows):
        w = permute(windows, q, seed, epoch, dataset, 1) if drawn else q
        # Cutting is slow here: the windows of an epoch are kept.
        key = (dataset, epoch, w)
        if key not in data["cuts"]:
            data["cuts"][key] = cut(plan, w, lengths, dataset, epoch)
        units = data["cuts"][key]
        if position < len(units):
            if drawn:
                position = permute(len(units), position, seed, epoch, dataset, 2, w)
            return units[position]
        position -= len(units)


def units_of(plan, datas):
    """Section 6: the number of units of each dataset, U."""
    counts = []
    for d, data in enumerate(datas):
        rows = len(data["lengths"])
        if "rows" in plan:
            cuts = [cut(plan, w, data["lengths"], d, 0) for w in range(window_count(plan, rows))]
            rows = sum(map(len, cuts))
        counts.append(rows)
    if plan.get("rows", {}).get("type", "buckets") != "buckets":
        assert counts == plan["rows"]["units"]
    return counts


def mixed(plan, draw):
    """Section 6, Mixtures: the dataset of a draw of the run, and which of its own draws it is."""
    weights, seed = [data["weight"] for data in plan["datasets"]], int(plan["seed"])
    m, t = divmod(draw, sum(weights))
    draws = Draws(seed, 0, m)
    p = permutation(sum(weights), t, lambda j, x: draws.word(7, 4 * (8 * x + j)))
    first = 0
    for d, weight in enumerate(weights):
        if p < first + weight:
            return d, m * weight + p - first
        first += weight


def canonical(value):
    """RFC 8785 for what manifests and plans hold: strings, integers, arrays and objects."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def dataset_digest(manifest):
    shards = [{k: v for k, v in shard.items() if k != "path"} for shard in manifest["shards"]]
    return hashlib.sha256(canonical({**manifest, "shards": shards})).hexdigest()


def sample_digest(sample, input_ids, labels, *objective):
    n = len(input_ids)
    packed = struct.pack(f"<QI{n}I{n}i", sample, n, *input_ids, *labels)
    return hashlib.sha256(packed + (struct.pack("<IB", *objective) if objective else b"")).digest()


def sequence_digest(sample, input_ids, labels):
    """Section 8, with span corruption."""
    n, m = len(input_ids), len(labels)
    return hashlib.sha256(
        struct.pack(f"<QI{n}II{m}i", sample, n, *input_ids, m, *labels)
    ).digest()


def units_per_step(plan):
    return 1 if plan.get("rows", {}).get("type") in ("buckets", "tokens") else plan["batch"]


def steps_per_epoch(plan, units):
    per = units_per_step(plan)
    return sum(units) // per if plan["last"] == "drop" else -(-sum(units) // per)


def batch_rows(plan, epoch, step, datas, units):
    """Section 6: the rows of a global batch, as (dataset, its epoch, samples)."""
    per = units_per_step(plan)
    found = []
    if len(datas) > 1:
        first = (epoch * steps_per_epoch(plan, units) + step) * per
        for draw in range(first, first + per):
            d, n = mixed(plan, draw)
            own, position = divmod(n, units[d])
            found += [(d, own, row) for row in unit_at(plan, own, position, datas[d], d)]
        return found
    end = (step + 1) * per
    if plan["last"] == "short":
        end = min(end, units[0])
    for i in range(step * per, end):
        found += [(0, epoch, row) for row in unit_at(plan, epoch, i % units[0], datas[0], 0)]
    return found


def read_dataset(folder, digest):
    with open(f"{folder}/manifest.json", encoding="utf8") as file:
        manifest = json.load(file)
    assert dataset_digest(manifest) == digest
    samples, columns = [], {"segment": [], "units": []}
    for shard in manifest["shards"]:
        table = pa.ipc.open_file(f"{folder}/{shard['path']}").read_all()
        samples += table.column("input_ids").to_pylist()
        for name in columns:
            if name in manifest["columns"]:
                columns[name] += table.column(name).to_pylist()
    return {
        "vocab": manifest["vocab"],
        "samples": samples,
        "columns": columns,
        "lengths": list(map(len, samples)),
        "shards": [shard["rows"] for shard in manifest["shards"]],
        "cuts": {},
    }


def mixed_vocab(datas):
    """Section 5: the vocab traits of a mixture."""
    vocab = {name: value for name, value in datas[0]["vocab"].items() if name != "counts"}
    if all("counts" in data["vocab"] for data in datas):
        vocab["counts"] = [sum(c) for c in zip(*(data["vocab"]["counts"] for data in datas))]
    return vocab


def stream_digest(plan, folders, steps, epoch=0, step=0, stream=None):
    named = plan["datasets"]
    datas = [read_dataset(f, d["digest"]) for f, d in zip(folders.split(","), named, strict=True)]
    vocab, units = mixed_vocab(datas), units_of(plan, datas)
    per_epoch, seed = steps_per_epoch(plan, units), int(plan["seed"])
    stream = stream or hashlib.sha256(canonical(plan)).digest()
    for _ in range(steps):
        strategy = at_rate(plan["strategy"], scheduled_rate(plan, epoch, step, per_epoch))
        digests = b""
        for d, own, samples in batch_rows(plan, epoch, step, datas, units):
            mask_epoch = own % plan["copies"] if plan["mode"] == "static" else own
            for row in samples:
                columns = datas[d]["columns"].values()
                extra = [values[row] if values else None for values in columns]
                sample, ids = int(named[d]["base"]) + row, datas[d]["samples"][row]
                masked = mask(ids, vocab, strategy, seed, mask_epoch, sample, *extra)
                if strategy["type"] == "span-corruption":
                    digests += sequence_digest(sample, *masked)
                else:
                    digests += sample_digest(sample, *masked)
        stream = hashlib.sha256(stream + hashlib.sha256(digests).digest()).digest()
        step += 1
        if step == per_epoch:
            epoch, step = epoch + 1, 0
    return stream


def stages_digest(stages, folders):
    """Section 8: the stream digest of a run in stages, each of one dataset, in `folders` by stage."""
    stream = hashlib.sha256(canonical(stages)).digest()
    for stage, folder in zip(stages["stages"], folders, strict=True):
        start = stage["from"]["epoch"], stage["from"]["step"]
        stream = stream_digest(stage["plan"], folder, stage["steps"], *start, stream)
    return stream


PLAN_FIELDS = "version datasets strategy rates mode copies seed order batch last rows".split()


def state(plan, epoch, step):
    """Section 6, State."""
    digests = {name: hashlib.sha256(canonical(value)).hexdigest() for name, value in plan.items()}
    checks = [digests[name][:4] if name in plan else "----" for name in PLAN_FIELDS]
    while checks[-1] == "----":
        checks.pop()
    plan_id = hashlib.sha256(canonical(plan)).hexdigest()
    return {"version": 2, "plan": plan_id, "fields": "".join(checks), "epoch": epoch, "step": step}


def check_vectors(path):
    """Masks every case of a file of golden vectors; returns how many there are."""
    with open(path, encoding="utf8") as file:
        vectors = json.load(file)
    for case in vectors["cases"]:
        where = (int(case["seed"]), case["maskEpoch"], int(case["sample"]))
        extra = (case.get("segment"), case.get("units"))
        masked = mask(case["ids"], vectors["vocab"], vectors["strategy"], *where, *extra)
        expected = [case["inputIds"], case["labels"]]
        if "sentenceLabel" in case:
            expected += [case["maskedSegment"], case["sentenceLabel"]]
        assert list(masked) == expected, (path, where)
        if "longest" in case:
            longest = longest_outputs(case["ids"], vectors["vocab"], vectors["strategy"])
            assert list(longest) == case["longest"], (path, where)
    return len(vectors["cases"])


if __name__ == "__main__":
    if sys.argv[1] == "stream":
        with open(sys.argv[2], encoding="utf8") as plan_file:
            plan = json.load(plan_file)
            print(stream_digest(plan, sys.argv[3], *map(int, sys.argv[4:])).hex())
    elif sys.argv[1] == "stages":
        with open(sys.argv[2], encoding="utf8") as stages_file:
            print(stages_digest(json.load(stages_file), sys.argv[3:]).hex())
    elif sys.argv[1] == "state":
        with open(sys.argv[2], encoding="utf8") as plan_file:
            print(json.dumps(state(json.load(plan_file), *map(int, sys.argv[3:]))))
    else:
        print(sum(map(check_vectors, sys.argv[2:])))
