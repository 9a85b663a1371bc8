"""Mean cross entropy and accuracy of a model of Hugging Face's on the first batches of a sidecar, as JSON.

python trainer_checkpoint.py FOLDER URL STEPS
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


folder, url, steps = sys.argv[1:]
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
        output = model(**inputs)
        logits = output.prediction_logits if "prediction_logits" in output else output.logits
        labels = batch["labels"]
        chosen = labels != -100
        loss += F.cross_entropy(logits[chosen], labels[chosen], reduction="sum").item()
        correct += (logits[chosen].argmax(-1) == labels[chosen]).sum().item()
        masked += chosen.sum().item()
print(json.dumps({"kind": kind, "loss": loss / masked, "accuracy": correct / masked, "masked": masked}))
