"""The run folder, in the formats of src-main/storage: run/run-folder.ts, run/checkpoint.ts, run/metrics.ts, record.ts, json-lines.ts, files.ts.
Whatever is written appears whole or not at all, and carries its checksum."""

import hashlib
import json
import os
import re
import shutil
import sys
from datetime import datetime, timezone
from itertools import count
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

Tensors = dict[str, Tensor]
Record = dict[str, Any]

SEAL = re.compile(r',\s*"sha256": "([0-9a-f]*)"\s*\}\s*$')
SUMS = "SHA256SUMS"
FORMAT = 2
"""Of run.json and of a checkpoint's state.json. test/fixtures/run-format.json holds both languages to the same format."""
STATE = {"step", "epoch", "batch", "batchesPerEpoch", "number", "loss", "interval", "best", "seconds", "savedAt", "format"}
METRIC = {"step", "epoch", "loss", "learningRate", "gradientNorm", "imagesPerSecond", "dataWait", "memory", "seconds"}
"""What state.json holds, and each line of metrics.jsonl beside validationLoss."""
names = count()


class RunError(Exception):
    """An error with a cause that a person can act on. `code` is one of src-shared/errors.ts."""

    def __init__(self, code: str, message: str, advice: str) -> None:
        super().__init__(message)
        self.code, self.message, self.advice = code, message, advice


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sha256(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()


def temporary_name(path: Path) -> Path:
    return path.with_name(f"{path.name}.{os.getpid()}-{next(names)}.tmp")


def flush_folder(folder: Path) -> None:
    """Flushes the names in a folder; Windows has no such thing."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def write_flushed(path: Path, contents: bytes) -> None:
    with open(path, "wb") as file:
        file.write(contents)
        file.flush()
        os.fsync(file.fileno())


def write_file(path: Path, contents: bytes) -> None:
    temporary = temporary_name(path)
    write_flushed(temporary, contents)
    temporary.replace(path)
    flush_folder(path.parent)


def write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """A folder of files with their checksums beside them. One of that name is replaced."""
    temporary, replaced = temporary_name(folder), temporary_name(folder)
    temporary.mkdir(parents=True)
    sums = "".join(f"{sha256(contents)}  {name}\n" for name, contents in files.items())
    try:
        for name, contents in {**files, SUMS: sums.encode()}.items():
            write_flushed(temporary / name, contents)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    if folder.exists():
        folder.rename(replaced)
    temporary.rename(folder)
    flush_folder(folder.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def read_checked(folder: Path, name: str) -> bytes:
    """A file of such a folder. Raises ValueError or OSError where it is missing or is not what was written."""
    contents = (folder / name).read_bytes()
    if f"{sha256(contents)}  {name}" not in (folder / SUMS).read_text("utf-8").split("\n"):
        raise ValueError(f"{folder / name} is damaged")
    return contents


def read_record(path: Path) -> Record:
    """The value of a record, of its copy where it is damaged."""

    def read(file: Path) -> Record:
        text = file.read_text("utf-8")
        sealed = SEAL.search(text)
        if sealed and sealed[1] != sha256(text[: sealed.start()].encode()):
            raise ValueError(f"{file} is damaged")
        value = json.loads(text)
        value.pop("sha256", None)
        return value

    try:
        return read(path)
    except (OSError, ValueError):
        return read(path.with_name(f"{path.name}.copy"))


def write_record(path: Path, value: Record) -> None:
    body = json.dumps(value, indent=1, ensure_ascii=False)[:-2]
    text = f'{body},\n "sha256": "{sha256(body.encode())}"\n}}'.encode()
    write_file(path, text)
    write_file(path.with_name(f"{path.name}.copy"), text)


def required(what: str, keys: set[str], value: Record) -> None:
    if set(value) != keys:
        raise ValueError(f"{what} has {sorted(value)}, not {sorted(keys)}")


def refuse_newer(what: str, made: int) -> None:
    if made > FORMAT:
        known = f"format {made}, this one knows {FORMAT}"
        message = f"This {what} was made by a newer version of SAIM Studio ({known})."
        raise RunError("format-newer", message, "Update SAIM Studio. Nothing was changed.")


def migrated(state: Record) -> Record:
    """state.json of an older format as one of this. Raises RunError where it is of a newer one."""
    refuse_newer("checkpoint", state.get("format", 1))
    return {**state, "format": FORMAT, "interval": {"validation": None, **state["interval"]}}


def line_of(metric: Record) -> str:
    """A metric as a line of metrics.jsonl, which ends on a short checksum of what comes before it."""
    body = json.dumps(metric, separators=(",", ":"))[:-1]
    return f'{body},"check":"{sha256(body.encode())[:8]}"}}\n'


def step_of(line: str) -> int | None:
    """The step of a line of metrics.jsonl; None where the line is damaged or was not written to its end."""
    body, _, check = line.rpartition(',"check":"')
    if check != f'{sha256(body.encode())[:8]}"}}\n':
        return None
    return json.loads(body + "}")["step"]


class RunFolder:
    """The folder of a run. `token` is that of the lock which the process that started the workers holds on it; without
    one nobody watches over the folder."""

    def __init__(self, path: Path, token: str | None) -> None:
        self.path, self.token = path, token
        self.run, self.manifest = path / "run.json", path / "dataset.json"
        self.metrics, self.log_file = path / "metrics.jsonl", path / "log.txt"
        self.request, self.outcome, self.lock = path / "request", path / "outcome.json", path / "lock"
        self.initial = path / "initial"

    def read(self) -> Record:
        """run.json. Raises RunError where it is of another format: whoever starts a run brings an older one up to date."""
        run = read_record(self.run)
        refuse_newer("run", run["format"])
        if run["format"] < FORMAT:
            raise RunError("run-missing", "This run is of an older version.", "Resume it once with SAIM Studio.")
        return run

    def update(self, **changes: Any) -> None:
        write_record(self.run, {**self.read(), **changes, "updatedAt": now()})

    def end(self, status: str, error: RunError | None) -> None:
        """Says what became of the run: to whoever started the workers, who tells it when all of them are gone, or to all."""
        data = error and {"code": error.code, "message": error.message, "advice": error.advice}
        if self.token is None:
            self.update(status=status, error=data)
        else:
            write_file(self.outcome, json.dumps({"status": status, "error": data}).encode())

    def images(self) -> list[Record]:
        return read_record(self.manifest)["images"]

    def log(self, text: str) -> None:
        with open(self.log_file, "a", encoding="utf-8") as file:
            file.write(f"{now()} {text}\n")

    def requested(self) -> str | None:
        """What another program asks, paused or stopped; it is asked once."""
        if not self.request.exists():
            return None
        asked = self.request.read_text()
        self.request.unlink()
        return "stopped" if asked == "stopped" else "paused"

    def is_ours(self) -> bool:
        """Whether the lock is still that of whoever started the workers."""
        if self.token is None:
            return True
        try:
            return json.loads(self.lock.read_text())["token"] == self.token
        except (OSError, ValueError, KeyError):
            return False

    def append_metric(self, metric: Record) -> None:
        required("A metric", METRIC, {name: value for name, value in metric.items() if name != "validationLoss"})
        with open(self.metrics, "a", encoding="utf-8") as file:
            file.write(line_of(metric))

    def cut_metrics(self, step: int) -> None:
        """Cuts the metrics after a step, when training goes on from that step's checkpoint."""
        file = self.metrics
        if not file.exists():
            return
        end = position = 0
        for line in re.findall(rb"[^\n]*\n", file.read_bytes()):
            position += len(line)
            found = step_of(line.decode("utf-8", "replace"))
            if found is not None and found > step:
                break
            if found is not None:
                end = position
        os.truncate(file, end)

    def checkpoint(self, step: int) -> Path:
        return self.path / "checkpoints" / f"{step:08d}"

    def reconstructions(self, step: int) -> Path:
        return self.path / "reconstructions" / f"{step:08d}"

    def checkpoint_steps(self) -> list[int]:
        folder = self.path / "checkpoints"
        found = folder.iterdir() if folder.exists() else ()
        return sorted(int(entry.name) for entry in found if re.fullmatch(r"\d{8,}", entry.name))

    def newest_step(self) -> int | None:
        """The step of the newest checkpoint that is whole; None at the start. Raises RunError where one cannot be read now, and
        where none is left of a run that has taken steps: it does not begin anew."""
        for step in reversed(self.checkpoint_steps()):
            try:
                self.load_checkpoint(step)
                return step
            except (FileNotFoundError, ValueError) as error:
                self.log(f"The checkpoint of step {step} cannot be used, the one before is taken: {error}")
            except OSError as error:
                message = f"The checkpoint of step {step} cannot be read now: {error}."
                raise RunError("file-unusable", message, "Nothing was changed. Look whether its disk is there.") from error
        if taken := self.read()["step"]:
            message = f"The run has taken {taken} steps, but has no checkpoint to go on from."
            raise RunError("checkpoint-missing", message, "Put a whole checkpoint back, or start a new run. Nothing was changed.")
        return None

    def load_checkpoint(self, step: int) -> tuple[Tensors, Tensors, Record]:
        """Weights, moments and place. Raises OSError or ValueError where it is missing or damaged."""
        weights, moments, state = (
            read_checked(self.checkpoint(step), name)
            for name in ("weights.safetensors", "optimizer.safetensors", "state.json")
        )
        return load(weights), load(moments), migrated(json.loads(state))

    def initial_weights(self) -> Tensors:
        return load(read_checked(self.initial, "weights.safetensors"))

    def save_checkpoint(self, weights: Tensors, moments: Tensors, state: Record) -> None:
        state = {"format": FORMAT, **state}
        required("A checkpoint", STATE, state)
        step = str(state["step"])
        with open(self.metrics, "a") as metrics:
            os.fsync(metrics.fileno())
        write_folder(
            self.checkpoint(state["step"]),
            {
                "weights.safetensors": save(on_processor(weights), {"format": "pt", "step": step}),
                "optimizer.safetensors": save(on_processor(moments), {"step": step}),
                "state.json": json.dumps(state, indent=2).encode(),
            },
        )


def on_processor(tensors: Tensors) -> Tensors:
    return {name: tensor.detach().to("cpu", torch.float32).contiguous() for name, tensor in tensors.items()}
