"""Peers of the masking bench: prints their tokens per second as JSON. usage: mask_peers.py ROUNDS SECONDS"""

import json
import os
import statistics
import sys
import tempfile
import time

import numpy as np
import torch
import transformers
from transformers import (
    BertTokenizerFast,
    DataCollatorForLanguageModeling,
    DataCollatorForWholeWordMask,
)

torch.set_num_threads(1)
rows, width = 32, 512
vocab_size = 30522
special = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]"}
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "vocab.txt")
    with open(path, "w", encoding="utf8") as file:
        for i in range(vocab_size):
            continues = i >= 20000 and i % 2 == 0
            file.write(special.get(i, f"##w{i}" if continues else f"w{i}") + "\n")
    tokenizer = BertTokenizerFast(vocab_file=path)



def offsets(row):
    """Where each token is in the text: a continuation begins where the token before it ends."""
    found, end = [], 0
    for token in row:
        start = end if token >= 20000 and token % 2 == 0 else end + 1
        end = start + 1
        found.append((start, end))
    return found


generator = np.random.default_rng(1)
ids = generator.integers(1000, 30000, (rows, width))
ids[:, 0], ids[:, -1] = 101, 102
examples = [{"input_ids": row} for row in ids.tolist()]
# The whole-word collator takes the words from the offsets.
word_examples = [{"input_ids": row, "offset_mapping": offsets(row)} for row in ids.tolist()]
ids32 = ids.astype(np.int64)
torch_ids = torch.from_numpy(ids32)
specials = np.isin(ids, list(special))
torch_specials = torch.from_numpy(specials)

collate_torch = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15)
collate_numpy = DataCollatorForLanguageModeling(
    tokenizer, mlm_probability=0.15, return_tensors="np"
)
collate_words = DataCollatorForWholeWordMask(tokenizer, mlm_probability=0.15)


def fairseq_like():
    """As fairseq's MaskTokensDataset: a sample at a time, a generator seeded for each."""
    for index, row in enumerate(ids32):
        rng = np.random.default_rng((1, 0, index))
        count = int(0.15 * width + rng.random())
        selected = np.zeros(width, bool)
        selected[rng.choice(width, count, replace=False)] = True
        labels = np.where(selected, row, -100)
        action = rng.random(width)
        out = row.copy()
        out[selected & (action < 0.8)] = 103
        replaced = selected & (action >= 0.8) & (action < 0.9)
        out[replaced] = rng.integers(0, vocab_size, int(replaced.sum()))
        assert labels.shape == out.shape


fast = np.random.Generator(np.random.SFC64(1))


def vectorised_numpy():
    """The whole batch at once, one draw a token."""
    draw = fast.random((rows, width), dtype=np.float32)
    draw[specials] = 1
    selected = draw < 0.15
    labels = np.where(selected, ids32, -100)
    out = np.where(draw < 0.12, 103, ids32)
    replaced = (draw >= 0.12) & (draw < 0.135)
    out[replaced] = fast.integers(0, vocab_size, int(replaced.sum()))
    return out, labels


contenders = {
    "HF collator, PyTorch": lambda: collate_torch(examples),
    "HF collator, NumPy": lambda: collate_numpy(examples),
    "HF torch_mask_tokens alone": lambda: collate_torch.torch_mask_tokens(
        torch_ids.clone(), special_tokens_mask=torch_specials
    ),
    "HF whole-word collator": lambda: collate_words([dict(example) for example in word_examples]),
    "fairseq-like, NumPy": fairseq_like,
    "vectorised NumPy": vectorised_numpy,
}

rounds, seconds = int(sys.argv[1]), float(sys.argv[2])
seen = {name: [] for name in contenders}
for turn in range(rounds + 1):
    for name, work in contenders.items():
        batches, start = 0, time.perf_counter()
        while (passed := time.perf_counter() - start) < seconds:
            work()
            batches += 1
        if turn > 0:
            seen[name].append(batches * rows * width / passed)
versions = f", PyTorch {torch.__version__}, transformers {transformers.__version__}"
versions += f", NumPy {np.__version__}"
print(
    json.dumps(
        {
            "versions": versions,
            "rates": {name: statistics.median(values) for name, values in seen.items()},
        }
    )
)
