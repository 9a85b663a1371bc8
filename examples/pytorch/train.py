"""Trains Hugging Face's BertForMaskedLM on the sidecar's stream, on one machine or many:

    torchrun --nproc-per-node 2 train.py --url http://127.0.0.1:4300 --steps 200 --checkpoint run.pt

Each rank reads its slice of every global batch. A checkpoint says where the stream goes on, so that a run that stopped
sees what it would have seen, with any number of ranks that divides the batch.
"""

import argparse
import json
import os
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
import torch.distributed as dist
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel
from transformers import BertConfig, BertForMaskedLM


def batches(url, plan, step, steps, rank, world):
    """This rank's slices of the global batches from `step` of the run on: samples, and a dictionary of tensors."""
    epoch, within = divmod(step, plan["stepsPerEpoch"])
    query = f"epoch={epoch}&step={within}&steps={steps}&rank={rank}&world={world}"
    with urllib.request.urlopen(f"{url}/batches?{query}") as response:
        for batch in pa.ipc.open_stream(response):
            width = batch.schema.field("input_ids").type.list_size
            grid = lambda name: torch.from_numpy(
                batch.column(name).flatten().to_numpy().astype(np.int64).reshape(-1, width)
            )
            yield batch.column("sample").to_pylist(), {
                name: grid(name) for name in ("input_ids", "attention_mask", "labels")
            }


def build(plan):
    """BERT tiny, for the plan's data; the same on every rank."""
    torch.manual_seed(42)
    return BertForMaskedLM(
        BertConfig(
            vocab_size=plan["vocab"]["size"],
            max_position_embeddings=plan["longest"],
            hidden_size=128,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=512,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    )


def save(path, state):
    """Writes a checkpoint whole or not at all."""
    draft = path.with_suffix(".tmp")
    torch.save(state, draft)
    os.replace(draft, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="the sidecar")
    parser.add_argument("--steps", type=int, default=200, help="steps of the whole run")
    parser.add_argument("--stop-after", type=int, help="stop after so many steps, as a crash would")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--checkpoint", type=Path, help="go on from it if it is there, and write it")
    parser.add_argument("--checkpoint-every", type=int, default=100, help="steps; there is another at the end")
    options = parser.parse_args()

    # torchrun sets these.
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // world))
    if world > 1:
        dist.init_process_group("gloo")
    with urllib.request.urlopen(f"{options.url}/plan") as response:
        plan = json.load(response)

    model = build(plan)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.lr)
    step = 0
    if options.checkpoint and options.checkpoint.exists():
        saved = torch.load(options.checkpoint, weights_only=True)
        if saved["plan"] != plan["id"]:
            raise SystemExit(f"{options.checkpoint} is of plan {saved['plan']}, the sidecar serves {plan['id']}")
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        step = saved["step"]
    parallel = DistributedDataParallel(model) if world > 1 else model

    def save_checkpoint():
        if options.checkpoint and rank == 0:
            weights = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            save(options.checkpoint, {"plan": plan["id"], "step": step, **weights})

    end = max(step, min(options.steps, options.stop_after or options.steps))
    for samples, batch in batches(options.url, plan, step, end - step, rank, world):
        labels = batch.pop("labels")
        logits = parallel(**batch).logits
        total = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum")
        # Of the global batch: a mean of the ranks' means would weigh tokens by the rank they are on.
        sums = torch.stack([total.detach(), (labels != -100).sum().float()])
        if world > 1:
            dist.all_reduce(sums)
        loss, masked = sums.tolist()
        optimizer.zero_grad()
        # DistributedDataParallel divides the sum of gradients by the number of ranks.
        (total * world / masked).backward()
        optimizer.step()
        step += 1
        if step % options.checkpoint_every == 0:
            save_checkpoint()
        line = {"rank": rank, "step": step - 1, "loss": loss / masked, "samples": samples}
        # In one piece, or lines of ranks that write at once get into each other.
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    save_checkpoint()
    if world > 1:
        dist.barrier()
        dist.destroy_process_group()


main()
