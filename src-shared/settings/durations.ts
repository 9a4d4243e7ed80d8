import { fromPreset, type Hyperparameters, type PresetName } from './hyperparameters'

/** How long to train a model: epochs that show whether the data is right, that make a good first model, and a thorough one. */
const durations: Record<PresetName, [quick: number, standard: number, thorough: number]> = {
  nano: [10, 40, 200],
  tiny: [10, 100, 300],
  small: [10, 100, 300],
  base: [10, 100, 300],
}

export const durationsOf = (preset: PresetName) => {
  const [quick, standard, thorough] = durations[preset]
  return [
    { title: 'Quick look', epochs: quick, purpose: 'Is the data right? Do shapes appear?' },
    { title: 'Standard', epochs: standard, purpose: 'Good for a first model.' },
    { title: 'Thorough', epochs: thorough, purpose: 'Best result for these images.' },
  ]
}

/** What changes with the duration: a warm-up that would be longer than the run takes a tenth of it. */
export function withEpochs(
  preset: PresetName,
  epochs: number,
): Pick<Hyperparameters, 'epochs' | 'warmupEpochs'> {
  const { warmupEpochs } = fromPreset(preset)
  return { epochs, warmupEpochs: warmupEpochs > epochs ? epochs / 10 : warmupEpochs }
}
