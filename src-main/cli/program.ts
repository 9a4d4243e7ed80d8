import { Command } from 'commander'
import { appVersion } from '#shared/version'
import { attentionCommand } from './checkpoints/attention'
import { classifiersCommand } from './checkpoints/classifiers'
import { embedCommand } from './checkpoints/embed'
import { evaluationCommands } from './checkpoints/evaluate'
import { exportCommand } from './checkpoints/export'
import { importCommand } from './checkpoints/import'
import { oddCommand } from './checkpoints/odd'
import { predictCommand } from './checkpoints/predict'
import { reconstructCommand } from './checkpoints/reconstruct'
import { alikeCommand } from './images/alike'
import { groupCommand } from './images/group'
import { indexCommand } from './images/index-folder'
import { pickCommand } from './images/pick'
import { completionCommand } from './machine/completion'
import { enginesCommand } from './machine/engines'
import { serveCommand } from './machine/serve'
import { verifyCommand } from './machine/verify'
import { clusterCommand } from './runs/cluster'
import { compareCommand } from './runs/compare'
import { configCommand } from './runs/config'
import { deleteCommand, restoreCommand } from './runs/delete'
import { logsCommand } from './runs/logs'
import { metricsCommand } from './runs/metrics'
import { resumeCommand } from './runs/resume'
import { runsCommand } from './runs/runs'
import { stopCommand } from './runs/stop'
import { sweepCommand } from './runs/sweep'
import { trainCommand } from './runs/train'
import { waitCommand } from './runs/wait'
import { pathsBelow } from './support/commands'

/** All commands. */
export const program = new Command('saim')
  .description(
    'Pre-trains vision transformers on your images by SAIM, stochastic autoregressive image modeling.',
  )
  .version(appVersion)

const commands = [
  ...[indexCommand, trainCommand, clusterCommand, sweepCommand, resumeCommand, waitCommand, stopCommand],
  ...[runsCommand, logsCommand, metricsCommand, compareCommand, configCommand, deleteCommand, restoreCommand],
  ...evaluationCommands,
  ...[
    classifiersCommand,
    predictCommand,
    exportCommand,
    importCommand,
    verifyCommand,
    reconstructCommand,
    attentionCommand,
  ],
  ...[
    embedCommand,
    groupCommand,
    pickCommand,
    alikeCommand,
    oddCommand,
    enginesCommand,
    serveCommand,
    completionCommand,
  ],
]
for (const command of commands) program.addCommand(command)

for (const { command } of pathsBelow(program)) command.exitOverride()
