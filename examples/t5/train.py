"""Trains a small T5 of Hugging Face's on the stream of a sidecar, with nothing of Maskloom's installed.

    npx maskloom plan --data data/sotu --strategy t5 --out plan.json
    npx maskloom serve --plan plan.json --data data/sotu
    python train.py http://127.0.0.1:4300 --steps 200

It prints the loss, and at the end the stream digest, which `maskloom verify` gives as well.
"""

import argparse
import hashlib
import json
import struct
import urllib.request

import pyarrow as pa
import torch
from transformers import T5Config, T5ForConditionalGeneration


def tensor(batch, name):
    """A column of fixed-size lists as a matrix."""
    width = batch.schema.field(name).type.list_size
    values = batch.column(name).flatten().to_numpy().astype("int64")
    return torch.from_numpy(values).reshape(batch.num_rows, width)


def batch_digest(batch):
    """docs/spec.md, section 8: the digest of a global batch of span corruption."""
    digests = b""
    for row in batch.to_pylist():
        inputs = row["input_ids"][: sum(row["attention_mask"])]
        labels = [label for label in row["labels"] if label != -100]
        n, m = len(inputs), len(labels)
        packed = struct.pack(f"<QI{n}II{m}i", row["sample"], n, *inputs, m, *labels)
        digests += hashlib.sha256(packed).digest()
    return hashlib.sha256(digests).digest()


def make_model(plan, hidden, layers):
    vocab, strategy = plan["vocab"], plan["plan"]["strategy"]
    if strategy["type"] != "span-corruption":
        raise SystemExit(f"The plan has strategy {strategy['type']}: make one with --strategy t5 or ul2")
    return T5ForConditionalGeneration(
        T5Config(
            vocab_size=vocab["size"],
            d_model=hidden,
            d_kv=hidden // 4,
            d_ff=2 * hidden,
            num_layers=layers,
            num_heads=4,
            dropout_rate=0.0,
            pad_token_id=vocab["padId"],
            decoder_start_token_id=vocab["padId"],
            eos_token_id=strategy.get("end"),
        )
    )


def train(url, steps, lr, hidden, layers, seed, on_step):
    """Trains; returns the losses and the stream digest."""
    torch.manual_seed(seed)
    # So small a model is slower on more.
    torch.set_num_threads(1)
    with urllib.request.urlopen(f"{url}/plan") as response:
        plan = json.load(response)
    model = make_model(plan, hidden, layers)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    warmup = max(1, steps // 10)
    losses, stream = [], bytes.fromhex(plan["id"])
    with urllib.request.urlopen(f"{url}/batches?steps={steps}") as response:
        for batch in pa.ipc.open_stream(response):
            stream = hashlib.sha256(stream + batch_digest(batch)).digest()
            loss = model(
                input_ids=tensor(batch, "input_ids"),
                attention_mask=tensor(batch, "attention_mask"),
                decoder_input_ids=tensor(batch, "decoder_input_ids"),
                labels=tensor(batch, "labels"),
            ).loss
            optimizer.zero_grad()
            loss.backward()
            losses.append(loss.item())
            optimizer.param_groups[0]["lr"] = lr * min(1.0, len(losses) / warmup)
            optimizer.step()
            on_step(losses)
    return losses, stream.hex()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("url", help="the sidecar, such as http://127.0.0.1:4300")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--hidden", type=int, default=64, help="a multiple of 4")
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1, help="of the model's weights")
    parser.add_argument("--json", action="store_true", help="print losses and digest as JSON")
    options = vars(parser.parse_args())
    as_json = options.pop("json")

    def report(losses):
        if not as_json and len(losses) % 20 == 0:
            print(f"step {len(losses)}/{options['steps']}  loss {losses[-1]:.3f}", flush=True)

    losses, digest = train(**options, on_step=report)
    print(json.dumps({"losses": losses, "digest": digest}) if as_json else f"digest {digest}")


if __name__ == "__main__":
    main()
