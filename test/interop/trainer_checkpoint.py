"""Mean cross entropy and accuracy of a model of Hugging Face's on the first batches of a sidecar, and the tokens that it
finds most probable for each [MASK] of a text, as JSON.

python trainer_checkpoint.py FOLDER URL STEPS TOKENIZER TEXT
"""

import json
import sys
import urllib.request

import pyarrow as pa
import torch
import transformers as hf
from torch.nn import functional as F


def batches(url, steps):
    with urllib.request.urlopen(f"{url}/batches?epoch=0&step=0&steps={steps}") as response:
        for batch in pa.ipc.open_stream(response):
            width = batch.schema.field("input_ids").type.list_size
            yield {
                name: torch.from_numpy(batch.column(name).flatten().to_numpy().copy()).long().reshape(-1, width)
                for name in batch.schema.names
                if pa.types.is_fixed_size_list(batch.schema.field(name).type)
            }


def fill(model, folder, text):
    """Per [MASK] the 20 most probable tokens, as pairs of token and probability."""
    tokenizer = hf.AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer(text, return_tensors="pt")
    masks = inputs["input_ids"][0] == tokenizer.mask_token_id
    best = logits_of(model(**inputs))[0, masks].softmax(-1).topk(20)
    named = lambda ids: tokenizer.convert_ids_to_tokens(ids.tolist())
    return [list(zip(named(ids), values.tolist())) for ids, values in zip(best.indices, best.values)]


def logits_of(output):
    return output.prediction_logits if "prediction_logits" in output else output.logits


folder, url, steps, tokenizer, text = sys.argv[1:]
kind = json.load(open(f"{folder}/config.json"))["architectures"][0]
model, info = getattr(hf, kind).from_pretrained(folder, output_loading_info=True)
assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
model.eval()
loss = correct = masked = 0
with torch.no_grad():
    for batch in batches(url, steps):
        inputs = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
        if "token_type_ids" in batch:
            inputs["token_type_ids"] = batch["token_type_ids"]
        logits = logits_of(model(**inputs))
        labels = batch["labels"]
        chosen = labels != -100
        loss += F.cross_entropy(logits[chosen], labels[chosen], reduction="sum").item()
        correct += (logits[chosen].argmax(-1) == labels[chosen]).sum().item()
        masked += chosen.sum().item()
    filled = fill(model, tokenizer, text)
scores = {"loss": loss / masked, "accuracy": correct / masked, "masked": masked}
print(json.dumps({"kind": kind, **scores, "filled": filled}))
