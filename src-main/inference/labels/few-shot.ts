import { unitRows } from '#inference/features/knn'
import { rowsAt } from '#inference/rows'
import { ridge, type Ridge } from './ridge'

/**
 * A classifier of frozen features from few labels: ridge regression on targets of 1 for an image's class and -1 for the others
 * (scikit-learn's RidgeClassifier). The penalty is the one that names most left-out images right; a temperature makes its answers
 * the probabilities by which these are likeliest.
 */
export interface FewShot {
  classes: string[]
  width: number
  /** The mean of all features, which is taken away before they are brought to length 1 again. */
  centre: Float32Array
  /** [classes, width] */
  weights: Float64Array
  bias: Float64Array
  temperature: number
}

/** A class and how sure it is. */
export interface Guess {
  class: string
  confidence: number
}

export interface Fitted {
  classifier: FewShot
  /** What each labelled row is given by the classifier of all others. */
  leftOut: Guess[]
}

/** Shares of the mean squared length that the penalty is tried at. */
const penalties = [0.001, 0.01, 0.1, 1, 10]
/** With more rows than this, the penalty is chosen on some of them. */
const rowsForPenalty = 1500

/** The mean of features [rows, width]. */
export function centreOf(values: Float32Array, width: number): Float32Array {
  const sum = new Float64Array(width)
  for (let at = 0; at < values.length;) for (let i = 0; i < width; i++) sum[i]! += values[at++]!
  return Float32Array.from(sum, (total) => (total * width) / values.length)
}

/** Features without their centre, at length 1: what all images have in common tells no classes apart. */
export function without(centre: Float32Array, values: Float32Array): Float32Array {
  const width = centre.length
  return unitRows({ values: values.map((value, i) => value - centre[i % width]!), width })
}

/** Fits labelled features [labels.length, width] of at least two classes. */
export function fit(values: Float32Array, centre: Float32Array, labels: string[]): Fitted {
  const width = centre.length
  const rows = { values: without(centre, values), width }
  const classes = [...new Set(labels)].sort()
  const places = labels.map((label) => classes.indexOf(label))
  const stride = Math.ceil(labels.length / rowsForPenalty)
  const some = places.flatMap((_, row) => (row % stride === 0 ? [row] : []))
  const tried = penalties.map((penalty) => {
    const found = regress(rowsAt(rows.values, width, some), width, some.map((row) => places[row]!), classes.length, penalty) // prettier-ignore
    return { penalty, ...judge(found.leftOut, some.map((row) => places[row]!), classes.length) } // prettier-ignore
  })
  const best = tried.reduce((a, b) =>
    b.right > a.right || (b.right === a.right && b.likelihood > a.likelihood) ? b : a,
  )
  const { weights, bias, leftOut } = regress(rows.values, width, places, classes.length, best.penalty)
  const { temperature } = judge(leftOut, places, classes.length)
  const classifier = { classes, width, centre, weights, bias, temperature }
  return { classifier, leftOut: guesses(leftOut, classes, temperature) }
}

/** What a classifier makes of features [rows, width]. */
export function classify(classifier: FewShot, values: Float32Array): Guess[] {
  const { classes, temperature } = classifier
  return guesses(scores(classifier, values), classes, temperature)
}

/** The answers for features [rows, width], [rows, classes]; the larger the likelier. */
export function scores({ classes, width, centre, weights, bias }: FewShot, values: Float32Array) {
  const features = without(centre, values)
  const found = new Float64Array((features.length / width) * classes.length)
  for (let at = 0; at < found.length; at++) {
    const [row, k] = [Math.floor(at / classes.length), at % classes.length]
    let sum = bias[k]!
    for (let i = 0; i < width; i++) sum += features[row * width + i]! * weights[k * width + i]!
    found[at] = sum
  }
  return found
}

/** The probabilities that answers stand for, [rows, classes]. */
export function probabilities(answers: Float64Array, classes: number, temperature: number): Float64Array {
  const found = new Float64Array(answers.length)
  for (let first = 0; first < answers.length; first += classes) {
    const own = answers.subarray(first, first + classes)
    const most = own.reduce((a, b) => Math.max(a, b), -Infinity)
    let sum = 0
    for (let k = 0; k < classes; k++) sum += found[first + k] = Math.exp((own[k]! - most) / temperature)
    for (let k = 0; k < classes; k++) found[first + k]! /= sum
  }
  return found
}

/** `penalty` is a share of the rows' mean squared length, 1, times how many they are. */
function regress(
  values: Float32Array,
  width: number,
  places: number[],
  classes: number,
  penalty: number,
): Ridge {
  const targets = new Float64Array(places.length * classes).fill(-1)
  places.forEach((place, row) => (targets[row * classes + place] = 1))
  return ridge({ values, width }, targets, penalty * Math.sqrt(places.length))
}

/** How many left-out rows are named right, and the temperature by which their classes are likeliest. */
function judge(leftOut: Float64Array, places: number[], classes: number) {
  const likelihood = (temperature: number) => {
    const shares = probabilities(leftOut, classes, temperature)
    return places.reduce((sum, place, row) => sum + Math.log(shares[row * classes + place]! + 1e-9), 0)
  }
  const temperatures = Array.from({ length: 25 }, (_, i) => 0.05 * 1.25 ** i)
  const tried = temperatures.map((temperature) => ({ temperature, likelihood: likelihood(temperature) }))
  const best = tried.reduce((a, b) => (b.likelihood > a.likelihood ? b : a))
  const shares = probabilities(leftOut, classes, best.temperature)
  const right = places.filter((place, row) => placeOfMost(shares, row, classes) === place).length
  return { right, ...best }
}

function guesses(answers: Float64Array, classes: string[], temperature: number): Guess[] {
  const shares = probabilities(answers, classes.length, temperature)
  return Array.from({ length: shares.length / classes.length }, (_, row) => {
    const place = placeOfMost(shares, row, classes.length)
    return { class: classes[place]!, confidence: shares[row * classes.length + place]! }
  })
}

function placeOfMost(values: Float64Array, row: number, classes: number): number {
  let place = 0
  for (let k = 1; k < classes; k++) if (values[row * classes + k]! > values[row * classes + place]!) place = k
  return place
}
