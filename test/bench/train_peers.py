"""Times training steps of a BERT in PyTorch on random ids, as apps/trainer/src/testing/time-steps.ts does.

Hugging Face's BertForMaskedLM computes logits of all positions; with "head": "masked" its own parts are put together so that they
are computed of the masked positions only, as Maskloom's trainer does.
"""

import json
import sys
import time

import torch
from torch.nn import functional as F
from transformers import BertConfig, BertForMaskedLM

asked = json.loads(sys.argv[1])
torch.set_num_threads(asked["threads"])
torch.manual_seed(1)
vocab, length, rows, masked = (asked[name] for name in ("vocab", "length", "rows", "masked"))
model = BertForMaskedLM(
    BertConfig(
        vocab_size=vocab,
        hidden_size=asked["hidden"],
        num_hidden_layers=asked["layers"],
        num_attention_heads=asked["heads"],
        intermediate_size=4 * asked["hidden"],
        max_position_embeddings=length,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
ids = torch.randint(5, vocab, (rows, length))
positions = (1 + torch.arange(masked) * ((length - 2) // masked)).repeat(rows)
row = torch.arange(rows).repeat_interleave(masked)
labels = torch.randint(5, vocab, (rows * masked,))
all_labels = torch.full((rows, length), -100)
all_labels[row, positions] = labels
attention = torch.ones_like(ids)

seconds = []
for _ in range(asked["steps"]):
    began = time.perf_counter()
    optimizer.zero_grad()
    if asked["head"] == "all":
        loss = model(ids, attention_mask=attention, labels=all_labels).loss
    else:
        states = model.bert(ids, attention_mask=attention).last_hidden_state
        loss = F.cross_entropy(model.cls(states[row, positions]), labels)
    loss.backward()
    optimizer.step()
    loss.item()
    seconds.append(time.perf_counter() - began)
print(json.dumps({"seconds": seconds}))
