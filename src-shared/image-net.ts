/** Mean and deviation of red, green and blue over ImageNet, from 0 to 1. */
export const imageNetStatistics = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] }
