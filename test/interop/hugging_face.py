"""Loads folders with transformers, and prints as JSON what it found of each: `hugging_face.py FOLDER …`."""

import json
import sys
from dataclasses import fields
from pathlib import Path

import transformers as hf
from safetensors.torch import load_file

# Words of a config.json that are no field of their own: for the class, and for layer_types and rope_parameters.
READ_ELSEWHERE = {"model_type", "global_attn_every_n_layers", "global_rope_theta"}


def describe(folder):
    written = json.loads(Path(folder, "config.json").read_text())
    architecture = written["architectures"][0]
    kind = getattr(hf, architecture)
    model, info = kind.from_pretrained(folder, output_loading_info=True)
    config = hf.AutoConfig.from_pretrained(folder)
    known = {field.name for field in fields(config)} | READ_ELSEWHERE
    loaded = config.to_dict()
    saved = load_file(Path(folder, "model.safetensors"))
    state = model.state_dict()
    return {
        "architecture": architecture,
        "unknown": sorted(set(written) - known),
        "changed": sorted(k for k in set(written) & set(loaded) if written[k] != loaded[k]),
        "missing": sorted(info["missing_keys"]),
        "unexpected": sorted({name.split(".")[0] for name in info["unexpected_keys"]}),
        "mismatched": sorted(map(str, info["mismatched_keys"])),
        "unequal": sorted(k for k in set(saved) & set(state) if not saved[k].equal(state[k])),
        "layer_types": sorted(set(getattr(config, "layer_types", None) or [])),
        "theta": (getattr(config, "rope_parameters", None) or {}).get("full_attention", {}).get("rope_theta"),
    }


hf.logging.set_verbosity_error()
hf.utils.logging.disable_progress_bar()
print(json.dumps([describe(folder) for folder in sys.argv[1:]]))
