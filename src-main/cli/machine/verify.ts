import { Command, Option } from 'commander'
import { type Precision, precisions } from '#shared/settings/precision'
import { createEngine, engineChoices } from '#engine/engines'
import type { Check } from '#jobs/prove/checks'
import { verifyTwin } from '#jobs/prove/twin'
import { verifyReference } from '#jobs/prove/verify'
import { answers, lines } from '#cli/support/answer'
import { engineFor } from '#cli/support/engines'
import { endAs } from '#cli/support/exit-codes'
import { engineOption, threadsOption } from '#cli/support/options'

export const verifyCommand = answers(
  new Command('verify')
    .description('compare the model with folders of reference data, stage by stage')
    .argument('<folders...>')
    .addOption(engineOption())
    .addOption(threadsOption())
    .addOption(
      new Option('--precision <name>', 'what the factors of products are rounded to')
        .choices(precisions)
        .default('float32'),
    )
    .option('--all', 'print every comparison, not only the largest of a kind'),
  verify,
  (verified) =>
    lines(
      ...verified.map(({ folder, engine, hold, differ, checks }) =>
        lines(`${folder} on ${engine}: ${hold} hold, ${differ} do not`, ...checks.map(lineOf)),
      ),
    ),
)

/** `saim verify`: the largest differences from reference data; says by its code where one is out of tolerance. */
async function verify(
  folders: string[],
  {
    engine: id,
    threads,
    precision,
    all,
  }: { engine: string; threads: number; precision: Precision; all?: boolean },
) {
  const verified: { folder: string; engine: string; hold: number; differ: number; checks: Check[] }[] = []
  for (const folder of folders) {
    const twin = engineChoices.some((choice) => choice.id === id && !choice.open)
    const engine = twin ? id : await engineFor(id)
    const checks = twin
      ? await verifyTwin(folder, { precision })
      : await verifyReference(folder, await createEngine(engine, { threads, precision }), {}, precision)
    const bad = checks.filter((check) => !holds(check))
    if (bad.length) endAs('differs')
    verified.push({
      ...{ folder, engine, hold: checks.length - bad.length, differ: bad.length },
      checks: all ? checks : [...new Set([...largestOfEachKind(checks), ...bad])],
    })
  }
  return verified
}

const holds = ({ difference, tolerance }: Check) => difference <= tolerance

const lineOf = (check: Check) =>
  `  ${holds(check) ? 'ok  ' : 'FAIL'} ${check.difference.toExponential(1)} of ${check.tolerance.toExponential(0)}  ${check.name}`

/** Of gradients and trained weights only the worst, with its name; of everything else all. */
function largestOfEachKind(checks: Check[]): Check[] {
  const kinds = new Map<string, Check>()
  for (const check of checks) {
    const kind = /^(gradient|trained|group of) /.exec(check.name)?.[1] ?? check.name
    const largest = kinds.get(kind)
    if (!largest || check.difference > largest.difference) kinds.set(kind, check)
  }
  return [...kinds.values()]
}
