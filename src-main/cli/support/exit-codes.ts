import type { ErrorCode } from '#shared/errors'

/** What commands end with, so that scripts can tell what happened; docs/cli.md shows it. */
export const exitCodes = {
  done: { code: 0, means: 'What was asked is done.' },
  failed: { code: 1, means: 'It failed while it was done; the message says what helps.' },
  misused: {
    code: 2,
    means: 'It cannot be done as it was asked: a flag, an argument or a setting is wrong.',
  },
  missing: { code: 3, means: 'What the command names is not there: a run, a checkpoint, a folder, images.' },
  busy: { code: 4, means: 'The run is being trained, or is finished, and must not be for this.' },
  lacking: {
    code: 5,
    means: 'Something is lacking here: memory, space on the disk, an engine, another machine.',
  },
  differs: { code: 6, means: 'A comparison found a difference: `verify`, or the proof of an export.' },
  stopped: { code: 130, means: 'It was stopped before its end, as by Ctrl-C. What was trained is saved.' },
} as const
export type Ending = keyof typeof exitCodes

/** How a command ends that an error ended. */
export const endingOf: Record<ErrorCode, Ending> = {
  'bad-settings': 'misused',
  'bad-message': 'misused',
  'not-allowed': 'misused',
  'cluster-unknown': 'misused',
  'folder-missing': 'missing',
  'not-a-folder': 'missing',
  'no-images': 'missing',
  'too-few-images': 'missing',
  'run-missing': 'missing',
  'evaluation-missing': 'missing',
  'experiment-missing': 'missing',
  'classifier-missing': 'missing',
  'checkpoint-missing': 'missing',
  'run-busy': 'busy',
  'out-of-memory': 'lacking',
  'disk-full': 'lacking',
  'engine-unavailable': 'lacking',
  'unsupported-op': 'lacking',
  'machine-unreachable': 'lacking',
  'machine-refused': 'lacking',
  'address-unusable': 'lacking',
  'certificate-unusable': 'lacking',
  'certificate-untrusted': 'lacking',
  'engine-wrong': 'differs',
  'export-differs': 'differs',
  stopped: 'stopped',
  'image-unreadable': 'failed',
  'format-newer': 'failed',
  'checkpoint-corrupt': 'failed',
  'weights-unreadable': 'failed',
  'weights-misfit': 'failed',
  'not-finite': 'failed',
  'file-unusable': 'failed',
  'worker-died': 'failed',
  unexpected: 'failed',
}

/** Has the command end so, once it has answered. */
export const endAs = (ending: Ending): void => void (process.exitCode = exitCodes[ending].code)
