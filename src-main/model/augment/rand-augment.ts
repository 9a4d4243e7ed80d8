/** Where an operation goes as its magnitude grows from 0 to 10. `sign` is 1 or -1. */
type Argument = (share: number, sign: number) => number

const rotation: Argument = (share, sign) => sign * share * 30
const shear: Argument = (share, sign) => sign * share * 0.3
const translation: Argument = (share, sign) => sign * share * 0.45
/** Factor of a blend; 1 changes nothing. */
const enhancement: Argument = (share, sign) => Math.max(0.1, 1 + sign * share * 0.9)
const nothing: Argument = () => 0

/** timm's "increasing" operations, which grow stronger with the magnitude, and their arguments. */
export const randAugmentArguments = {
  AutoContrast: nothing,
  Equalize: nothing,
  Invert: nothing,
  Rotate: rotation,
  PosterizeIncreasing: (share) => Math.max(1, 4 - Math.trunc(share * 4)), // Pillow refuses to keep no bit
  SolarizeIncreasing: (share) => 256 - Math.min(256, Math.trunc(share * 256)),
  SolarizeAdd: (share) => Math.min(128, Math.trunc(share * 110)),
  ColorIncreasing: enhancement,
  ContrastIncreasing: enhancement,
  BrightnessIncreasing: enhancement,
  SharpnessIncreasing: enhancement,
  ShearX: shear,
  ShearY: shear,
  TranslateXRel: translation,
  TranslateYRel: translation,
} as const satisfies Record<string, Argument>

export type RandAugmentName = keyof typeof randAugmentArguments
const names = Object.keys(randAugmentArguments) as RandAugmentName[]

/** How many operations an image may get, each every second time. */
const layers = 2

/** How many uniform numbers RandAugment takes for an image. */
export const randAugmentDraws = layers * 5

/**
 * RandAugment(magnitude, deviation) as timm's "rand-m9-mstd0.5-inc1": two operations drawn with repetition, each done
 * with probability 1/2, with a magnitude of a normal distribution, cut to 0 .. 10. u: `randAugmentDraws` uniform numbers.
 */
export function randAugment(
  { magnitude, deviation }: { magnitude: number; deviation: number },
  u: ArrayLike<number>,
): { name: RandAugmentName; argument: number }[] {
  return Array.from({ length: layers }, (_, layer) => {
    const [pick, done, radius, angle, negative] = [0, 1, 2, 3, 4].map((i) => u[layer * 5 + i]!) as [
      number,
      number,
      number,
      number,
      number,
    ]
    const normal = Math.sqrt(-2 * Math.log(1 - radius)) * Math.cos(2 * Math.PI * angle)
    const level = Math.min(Math.max(magnitude + deviation * normal, 0), 10)
    const name = names[Math.floor(pick * names.length)]!
    if (done >= 0.5) return []
    return [{ name, argument: randAugmentArguments[name](level / 10, negative < 0.5 ? 1 : -1) }]
  }).flat()
}
