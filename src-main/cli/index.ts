import { Command } from 'commander'
import { appVersion } from '#shared/version'
import { closeDataFolder } from '#platform/paths'
import { guardConsole } from '#platform/terminal'
import { alikeCommand } from './alike'
import { attentionCommand } from './attention'
import { classifiersCommand } from './classifiers'
import { clusterCommand } from './cluster'
import { embedCommand } from './embed'
import { enginesCommand } from './engines'
import { evaluationCommands } from './evaluate'
import { exportCommand } from './export'
import { groupCommand } from './group'
import { importCommand } from './import'
import { oddCommand } from './odd'
import { pickCommand } from './pick'
import { predictCommand } from './predict'
import { reconstructCommand } from './reconstruct'
import { resumeCommand } from './resume'
import { runsCommand } from './runs'
import { serveCommand } from './serve'
import { endWithReader, fail } from './support/report'
import { sweepCommand } from './sweep'
import { trainCommand } from './train'
import { verifyCommand } from './verify'

const program = new Command('saim')
  .description(
    'Pre-trains vision transformers on your images by SAIM, stochastic autoregressive image modeling.',
  )
  .version(appVersion)

const commands = [
  ...[trainCommand, clusterCommand, sweepCommand, resumeCommand, runsCommand, ...evaluationCommands],
  ...[
    classifiersCommand,
    predictCommand,
    exportCommand,
    importCommand,
    verifyCommand,
    reconstructCommand,
    attentionCommand,
  ],
  ...[embedCommand, groupCommand, pickCommand, alikeCommand, oddCommand, enginesCommand, serveCommand],
]
for (const command of commands) program.addCommand(command)

guardConsole()
closeDataFolder()
endWithReader()
program.parseAsync().catch(fail)
