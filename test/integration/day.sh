#!/usr/bin/env bash
# A day's work by the command line's JSON alone. Parameters: a folder of images, and an empty folder for what comes of them.
set -euo pipefail
images=$1 out=$2

saim() { node out/main/cli.js "$@" --json --quiet; }
# The value of an expression about the JSON at hand, `it`.
of() { node -p "const it = JSON.parse(require('fs').readFileSync(0)); $1"; }

echo "index: $(saim index "$images" | of '`${it.images} images, ${it.classes.length} classes, ${it.unreadable} unreadable`')"

cat >"$out/run.yaml" <<YAML
folder: $images
preset: nano
image-size: 16
patch-size: 4
width: 32
depth: 2
heads: 2
query-depth: 2
batch-size: 8
epochs: 2
warmup-epochs: 1
flip: false
YAML
run=$(saim train --config "$out/run.yaml" --name day --detach | of it.id)
echo "wait: $(saim wait "$run" | of '`${it.status}, step ${it.step} of ${it.totalSteps}`')"
echo "logs: $(saim logs "$run" --follow | tail -n 1 | of 'typeof it.text')"

# By its name; and a run that its settings make again, until it is stopped.
saim config day | node -e "
  const { settings } = JSON.parse(require('fs').readFileSync(0))
  console.log(JSON.stringify({ ...settings, epochs: 2000 }))" >"$out/long.json"
long=$(saim train --config "$out/long.json" --name long --detach | of it.id)
until [ "$(saim runs | of "it.find(({ id }) => id === '$long').step > 0")" = true ]; do :; done
echo "stop: $(saim stop "$long" | of it.status)"
code=0 && saim wait "$long" >"$out/waited.json" || code=$?
echo "stopped: code $code"

echo "evaluate: $(saim knn day | of '`${it.images} images, ${it.top1 >= 0 && it.top1 <= 1}`')"
echo "compare: $(saim compare day long | of '`${it.differ} differ, ${it.runs[0].evaluations.length} evaluation`')"
echo "export: $(saim export day --format safetensors --out "$out" | of 'it.files.map(({ name }) => name).sort().join(" ")')"

saim delete day long >"$out/deleted.json"
code=0 && saim knn day >"$out/error.json" || code=$?
echo "deleted: code $code, $(of it.error.code <"$out/error.json")"
echo "restore: $(saim restore "$run" | of it.status)"
saim delete "$run" >"$out/deleted.json"
echo "left: $(saim runs | of it.length)"
