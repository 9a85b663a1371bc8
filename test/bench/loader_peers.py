"""Peers of the loader bench: answers each line of JSON on standard input with one. usage: loader_peers.py FOLDER"""

import glob
import json
import os
import sys
import tempfile
import time
import warnings

import datasets
import pyarrow as pa
import torch
import torchdata
import transformers
from torch.utils.data import DataLoader
from torchdata.stateful_dataloader import StatefulDataLoader
from transformers import BertTokenizerFast, DataCollatorForLanguageModeling

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
folder = sys.argv[1]
with open(os.path.join(folder, "manifest.json"), encoding="utf8") as file:
    vocab = json.load(file)["vocab"]
special = dict(zip(vocab["specialIds"], ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
with tempfile.TemporaryDirectory() as home:
    path = os.path.join(home, "vocab.txt")
    with open(path, "w", encoding="utf8") as file:
        for i in range(vocab["size"]):
            file.write(special.get(i, f"w{i}") + "\n")
    tokenizer = BertTokenizerFast(vocab_file=path)

shards = sorted(glob.glob(os.path.join(folder, "*.arrow")))
table = pa.concat_tables(pa.ipc.open_file(pa.memory_map(shard)).read_all() for shard in shards)
samples = datasets.Dataset(table.select(["input_ids"]))


def collator(seed=None):
    return DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15, seed=seed)


def shuffled(kind, batch, workers, seed=None, **options):
    generator = torch.Generator().manual_seed(1)
    return kind(
        samples,
        batch_size=batch,
        shuffle=True,
        generator=generator,
        num_workers=workers,
        collate_fn=collator(seed),
        **options,
    )


loaders = {}


def throughput(workers, batch, seconds):
    """Tokens a second of the DataLoader, once its workers run."""
    if (workers, batch) not in loaders:
        options = {"persistent_workers": True} if workers else {}
        loaders[workers, batch] = shuffled(DataLoader, batch, workers, **options)
    tokens, start = 0, None
    for index, item in enumerate(loaders[workers, batch]):
        if index < 10:
            continue
        if start is None:
            start = time.perf_counter()
            continue
        tokens += item["input_ids"].numel()
        passed = time.perf_counter() - start
        if passed > seconds:
            return tokens / passed
    raise RuntimeError("the epoch is shorter than a measurement: more samples")


def resume(workers, seed, batch, share):
    """Stops at a share of an epoch and goes on by state: how long that takes, and whether rows and masks are the same."""
    steps = int(len(samples) // batch * share)
    loader = shuffled(StatefulDataLoader, batch, workers, seed)
    stream = iter(loader)
    for _ in range(steps):
        next(stream)
    state = loader.state_dict()
    expected = next(stream)
    del stream
    loader = shuffled(StatefulDataLoader, batch, workers, seed)
    loader.load_state_dict(state)
    start = time.perf_counter()
    found = next(iter(loader))
    milliseconds = (time.perf_counter() - start) * 1000

    def original(item):
        return torch.where(item["labels"] == -100, item["input_ids"], item["labels"])

    return {
        "milliseconds": milliseconds,
        "rows": bool(torch.equal(original(found), original(expected))),
        "masks": bool(torch.equal(found["labels"], expected["labels"])),
    }


versions = (
    f"PyTorch {torch.__version__}, torchdata {torchdata.__version__}, "
    f"transformers {transformers.__version__}, datasets {datasets.__version__}"
)
actions = {"versions": lambda: versions, "throughput": throughput, "resume": resume}
for line in sys.stdin:
    question = json.loads(line)
    print(json.dumps(actions[question.pop("action")](**question)), flush=True)
