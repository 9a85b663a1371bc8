"""Loss and gradients of tiny models in Hugging Face's transformers, beside those that print-gradients.ts printed.

Prints, as JSON, for each model the difference of the losses by the loss; and for each parameter the largest difference of the
gradients, by the largest gradient of the parameter, or by a thousandth of the model's largest if that is more: that of
keys' biases is 0 but for rounding.
"""

import json
import sys

import torch
import transformers as hf
from torch.nn import functional as F


def replay_dropout(share, factors):
    """Puts in the place of PyTorch's dropout products with what our models multiplied by, call after call; gives what is left."""
    left = [torch.tensor(values) for one_pass in factors for values in one_pass]

    def dropout(input, p=0.5, training=True, inplace=False):
        if share == 0 or not training:
            return input
        assert p == share, f"dropout of {p}, expected {share}"
        return input * left.pop(0).reshape(input.shape)

    F.dropout = dropout
    return left


def build(config):
    sizes = dict(
        vocab_size=config["vocab"],
        hidden_size=config["hidden"],
        num_hidden_layers=config["layers"],
        num_attention_heads=config["heads"],
        intermediate_size=config["intermediate"],
        max_position_embeddings=config["length"],
    )
    share = config["dropout"]
    # The fast kernels of attention do not call the dropout that is replaced.
    sizes["attn_implementation"] = "eager"
    plain = dict(hidden_act="gelu", hidden_dropout_prob=share, attention_probs_dropout_prob=share, layer_norm_eps=1e-12)
    architecture = config["architecture"]
    order = config["sentenceOrder"]
    if architecture == "bert" and config["norm"] == "pre":
        kind = hf.MegatronBertForPreTraining if order else hf.MegatronBertForMaskedLM
        return {"": kind(hf.MegatronBertConfig(**sizes, **plain))}
    if architecture == "bert":
        kind = hf.BertForPreTraining if order else hf.BertForMaskedLM
        return {"": kind(hf.BertConfig(**sizes, **plain))}
    if architecture == "albert":
        kind = hf.AlbertForPreTraining if order else hf.AlbertForMaskedLM
        return {"": kind(hf.AlbertConfig(**sizes, **plain, embedding_size=config["embedding"], classifier_dropout_prob=share))}
    if architecture == "modernbert":
        dropped = dict(embedding_dropout=share, attention_dropout=share, mlp_dropout=share)
        return {"": hf.ModernBertForMaskedLM(hf.ModernBertConfig(**sizes, **dropped, global_attn_every_n_layers=1, pad_token_id=0))}
    narrow_share = config["generatorSize"]
    embedding = dict(embedding_size=config["embedding"])
    narrow = sizes | dict(
        hidden_size=round(sizes["hidden_size"] * narrow_share),
        num_attention_heads=round(sizes["num_attention_heads"] * narrow_share),
        intermediate_size=round(sizes["intermediate_size"] * narrow_share),
    )
    return {
        "": hf.ElectraForPreTraining(hf.ElectraConfig(**sizes, **plain, **embedding)),
        "generator.": hf.ElectraForMaskedLM(hf.ElectraConfig(**narrow, **plain, **embedding)),
    }


def tensor(found):
    return torch.tensor(found["values"], dtype=torch.float32).reshape(found["shape"])


def compare(given):
    config, batch = given["config"], given["batch"]
    models = build(config)
    values = {name: tensor(found) for name, found in given["parameters"].items()}
    used = set()
    owners = {}
    for prefix, model in models.items():
        model.train()
        own = dict(model.named_parameters())
        for name, parameter in own.items():
            # Tables that a generator shares with its discriminator have the discriminator's names.
            source = next(n for n in (prefix + name, name) if n in values)
            parameter.data = values[source].clone()
            used.add(source)
            owners.setdefault(source, []).append(parameter)
        model.tie_weights()
    assert used == set(values), f"not in transformers' model: {sorted(set(values) - used)}"

    rows, width = batch["rows"], batch["width"]
    grid = lambda name: torch.tensor(batch[name]).reshape(rows, width)
    ids, attention = grid("ids"), (grid("segments") > 0).long()
    labels = torch.full((rows * width,), -100)
    labels[torch.tensor(batch["positions"])] = torch.tensor(batch["labels"])
    labels = labels.reshape(rows, width)
    inputs = dict(attention_mask=attention)
    if config["architecture"] != "modernbert":
        inputs["token_type_ids"] = grid("sentences")

    left = replay_dropout(config["dropout"], given["dropped"])
    losses = {}
    if config["architecture"] == "electra":
        losses["mlm"] = models["generator."](ids, labels=labels, **inputs).loss
        replaced = grid("replaced")
        wrong = ((labels != -100) & (replaced != labels)).long()
        losses["replaced"] = models[""](replaced, labels=wrong, **inputs).loss
        total = losses["mlm"] + config["discriminatorWeight"] * losses["replaced"]
    elif config["sentenceOrder"]:
        output = models[""](ids, **inputs)
        order = output.seq_relationship_logits if hasattr(output, "seq_relationship_logits") else output.sop_logits
        losses["mlm"] = F.cross_entropy(output.prediction_logits.flatten(0, 1), labels.flatten())
        losses["sentenceOrder"] = F.cross_entropy(order, torch.tensor(batch["sentenceLabels"]))
        total = losses["mlm"] + losses["sentenceOrder"]
    else:
        total = losses["mlm"] = models[""](ids, labels=labels, **inputs).loss
    assert not left, f"{len(left)} places where only we drop"
    total.backward()

    # Each parameter once: tied ones are one object.
    expected = {name: sum(p.grad for p in {id(p): p for p in own}.values()) for name, own in owners.items()}
    largest = max(gradient.abs().max().item() for gradient in expected.values())
    assert set(given["gradients"]) == set(expected)

    def difference(name):
        found = tensor(given["gradients"][name])
        scale = max(expected[name].abs().max().item(), largest / 1000)
        return (found - expected[name]).abs().max().item() / scale

    return {
        "losses": {name: abs(given["losses"][name] / loss.item() - 1) for name, loss in losses.items()},
        "gradients": {name: difference(name) for name in expected},
    }


with open(sys.argv[1]) as file:
    print(json.dumps([compare(given) for given in json.load(file)]))
