import { Command } from 'commander'
import { csvTable } from '#shared/csv'
import { metric } from '#shared/contract'
import { answers } from '#cli/support/answer'
import { runArgument, runsOption } from '#cli/support/options'
import { findRun } from '#storage/run/find'
import { readMetrics } from '#storage/run/metrics'

const columns = metric.keyof().options

/** `saim metrics`: what each step of a run told. */
export const metricsCommand = answers(
  new Command('metrics')
    .description('print what each step of a run told, as CSV: loss, learning rate, speed and more')
    .argument('<run>', runArgument)
    .addOption(runsOption()),
  async (named: string, { runs }: { runs: string }) => readMetrics(await findRun(named, runs)),
  (metrics) =>
    csvTable([columns, ...metrics.map((one) => columns.map((name) => one[name] ?? null))]).trimEnd(),
)
