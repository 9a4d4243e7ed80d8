import { Command } from 'commander'
import { evaluationKinds } from '#shared/settings/evaluation'
import { allSettings, type Hyperparameters } from '#shared/settings/hyperparameters'
import { accuracy, number } from '#shared/format'
import type { Evaluation } from '#shared/contract'
import { answers, table } from '#cli/support/answer'
import { leftBy, type Trained } from '#cli/support/follow'
import { runArgument, runsOption } from '#cli/support/options'
import { findRun } from '#storage/run/find'
import { listEvaluations } from '#storage/evaluation-folder'

interface Compared {
  runs: (Trained & { evaluations: Evaluation[] })[]
  /** The settings that are not the same for all. */
  differ: (keyof Hyperparameters)[]
}

export const compareCommand = answers(
  new Command('compare')
    .description('show runs side by side: what they reached and which of their settings differ')
    .argument('<runs...>', runArgument)
    .addOption(runsOption()),
  compare,
  compareWords,
)

/** `saim compare`. */
async function compare(named: string[], options: { runs: string }): Promise<Compared> {
  const runs: Compared['runs'] = []
  for (const name of named) {
    const folder = await findRun(name, options.runs)
    runs.push({ ...(await leftBy(folder)), evaluations: await listEvaluations(folder) })
  }
  const differ = allSettings
    .map(({ name }) => name)
    .filter((name) => runs.some(({ hyperparameters: h }) => h[name] !== runs[0]!.hyperparameters[name]))
  return { runs, differ }
}

function compareWords({ runs, differ }: Compared): string {
  const scored = new Set(runs.flatMap(({ evaluations }) => evaluations.map(({ kind }) => kind)))
  return table(
    runs.map(({ name, status, step, losses, latest, hyperparameters: h, evaluations }) => ({
      run: name,
      ...{ status, step, loss: number(losses?.last), validation: number(latest?.validationLoss) },
      ...Object.fromEntries(
        [...scored].map((kind) => [evaluationKinds[kind].title.toLowerCase(), best(evaluations, kind)]),
      ),
      ...Object.fromEntries(
        allSettings
          .filter(({ name: setting }) => differ.includes(setting))
          .map(({ name: setting, title }) => [title.toLowerCase(), String(h[setting])]),
      ),
    })),
  )
}

/** The best score of a kind, of checkpoints alone. */
const best = (evaluations: Evaluation[], kind: Evaluation['kind']): string => {
  const scores = evaluations.flatMap((one) =>
    one.kind === kind && one.step !== null && one.score ? (one.score.meanIou ?? one.score.top1) : [],
  )
  return scores.length ? accuracy(Math.max(...scores)) : ''
}
