"""What resources/cluster, which is on Python's path, makes of a run folder, as JSON in the form of test/fixtures/run-format.json.

run_format.py FOLDER STATE: reads the run and its checkpoint of step 2, and writes one of step 7 with that state."""

import json
import sys
from pathlib import Path

import torch

from run_folder import FORMAT, METRIC, STATE, RunFolder, line_of, read_record, write_record

fixture = json.loads((Path(__file__).parents[1] / "fixtures" / "run-format.json").read_text("utf-8"))
folder, state = RunFolder(Path(sys.argv[1]), None), json.loads(sys.argv[2])
assert folder.read()["format"] == FORMAT
weights, _, older = folder.load_checkpoint(2)
assert older["interval"]["validation"] is None and weights["cls_token"].shape == (1, 1, 16)

tensors = {"a": torch.ones(1)}
folder.save_checkpoint(tensors, tensors, state)
folder.update(step=7)
write_record(folder.path / "record.json", fixture["record"]["value"])
assert read_record(folder.path / "record.json") == fixture["record"]["value"]
names = {name: getattr(folder, name) for name in ("run", "manifest", "metrics", "lock", "request", "outcome", "initial")}
names["log"] = folder.log_file
places = {**names, "checkpoint": folder.checkpoint(7), "reconstructions": folder.reconstructions(7)}
print(
    json.dumps(
        {
            "format": FORMAT,
            "paths": {name: place.relative_to(folder.path).as_posix() for name, place in places.items()},
            "checkpoint": sorted(entry.name for entry in folder.checkpoint(7).iterdir()),
            "state": sorted(STATE),
            "metric": sorted(METRIC),
            "lines": {**fixture["lines"], "line": line_of(fixture["lines"]["metric"])},
            "record": {**fixture["record"], "text": (folder.path / "record.json").read_text("utf-8")},
        }
    )
)
