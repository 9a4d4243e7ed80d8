import { say } from './answer'
import { forkNode } from '#platform/processes'
import { Engines } from '#app/engines'
import { Settings } from '#app/settings'

/** The engines of this machine; says what is tested and installed. */
export function openEngines(): Engines {
  let said: string | undefined
  return new Engines({
    fork: forkNode,
    settings: new Settings(),
    emit(_name, payload) {
      if (!('engines' in payload)) return
      const tested = payload.engines.find(({ status }) => status === 'proving')
      const text = payload.message ?? (tested && `Testing ${tested.title} ...`)
      if (text && text !== said) say(text)
      said = text
    },
  })
}

/** The engine that `--engine` means. */
export const engineFor = (wanted: string): Promise<string> => openEngines().resolve(wanted)
