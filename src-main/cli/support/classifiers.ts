import { runsIn } from './runs'
import { listClassifiers } from '#inference/classifiers/list'

/** The classifiers of every kind, newest first: kept ones, and what evaluations of the runs below a folder left behind. */
export const classifiersOf = async (runsFolder: string) =>
  listClassifiers((await runsIn(runsFolder).survey()).runs)
