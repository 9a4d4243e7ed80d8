import type { Dataset } from '#shared/contract'

/** The data sets that are shown: the newest few, and among them the chosen one. */
export function shownDatasets(ready: Dataset[], chosen: string | null, few: number): Dataset[] {
  const first = ready.slice(0, few)
  const own = ready.find(({ id }) => id === chosen)
  return !own || first.includes(own) ? first : [own, ...first.slice(0, few - 1)]
}

/** Whether images are large enough for a model that sees squares of so many pixels. */
export function fitOf({ sizes }: Pick<Dataset, 'sizes'>, side: number): { fits: boolean; text: string } {
  if (!sizes) return { fits: false, text: '' }
  const { minimumWidth, minimumHeight, maximumWidth, maximumHeight } = sizes
  if (Math.min(minimumWidth, minimumHeight) >= side) return { fits: true, text: 'Fits your images' }
  const none = Math.min(maximumWidth, maximumHeight) < side
  return { fits: false, text: none ? 'Upscales your images' : 'Upscales some of your images' }
}

/** The most epochs of the slider, which is logarithmic: as much room for 1 to 10 as for 100 to 1,000. */
const most = 10_000

/** Where on the slider a number of epochs stands, 0 to 1. */
export const placeOf = (epochs: number) => (epochs >= 1 ? Math.min(1, Math.log(epochs) / Math.log(most)) : 0)

/** The epochs of a place of the slider, in two digits. */
export const epochsAt = (place: number) => Number(Math.round(most ** place).toPrecision(2))

/** The seconds of an estimate, no more exact than it can be: to 5 s below 10 minutes, to a minute below an hour, else to five. */
export function rounded(seconds: number | undefined): number | undefined {
  if (seconds === undefined || seconds < 60) return seconds
  const unit = seconds < 600 ? 5 : seconds < 3600 ? 60 : 300
  return unit * Math.round(seconds / unit)
}
