import type { Graph } from '#engine/graph/ir'
import { dropDeadNodes, nameOutputsAtSource } from './drop'
import { lower } from './lower'
import { joinReshapes } from './reshapes'
import { foldScales, scaleBeforeBias } from './scales'
import { shareCommonNodes } from './share'
import { sumsAsProducts } from './sums-as-products'
import { transposeFirst } from './transpose-first'

/** Rewrites a graph into another of the same meaning. */
export type Pass = (graph: Graph) => Graph

/** What makes every traced graph smaller, in this order. */
const smaller: Pass[] = [
  scaleBeforeBias,
  joinReshapes,
  shareCommonNodes,
  foldScales,
  nameOutputsAtSource,
  dropDeadNodes,
]

/** The passes for each kind of target, in their order. */
export const passes = {
  /** A device whose provider has onnxruntime's own operators. */
  fused: smaller,
  /** A device that has only ONNX's operators. */
  lowered: [...smaller, lower],
  /** onnxruntime on the CPU. */
  cpu: [...smaller, sumsAsProducts, transposeFirst],
  /** TensorFlow, which turns factors itself. */
  tensorflow: [...smaller, sumsAsProducts],
} satisfies Record<string, Pass[]>

/** Applies passes one after another; `after` is shown each result, as tests do to verify it. */
export const rewrite = (
  graph: Graph,
  list: Pass[],
  after: (graph: Graph, pass: Pass) => void = () => undefined,
): Graph =>
  list.reduce((before, pass) => {
    const result = pass(before)
    after(result, pass)
    return result
  }, graph)
