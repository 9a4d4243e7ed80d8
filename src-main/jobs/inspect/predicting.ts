import type { Engine } from '#engine/engine'
import { listedAt } from '#images/listed'
import { type ClassifierPlace, openClassifier } from '#inference/classifiers/open'
import { predictions, type Predicted } from '#inference/classifiers/predict'

/** Images that classifiers name, by the engines of their runs. */
export class Predicting {
  private readonly stopped = new Set<string>()

  constructor(
    private readonly engine: (id: string) => Promise<Engine>,
    private readonly tell: (id: string, found: Predicted, total: number) => void,
  ) {}

  /** Names the classes of all images below a folder, or of those until it was stopped; tells of each batch. */
  predict = async (id: string, place: ClassifierPlace, engine: string, folder: string) => {
    const begin = performance.now()
    const { classes, ...classifier } = await openClassifier(place)
    const listed = await listedAt(folder)
    const stopped = () => this.stopped.has(id)
    const asked = predictions(await this.engine(engine), { classes, ...classifier }, listed, { stopped })
    for await (const found of asked) this.tell(id, found, listed.images.length)
    this.stopped.delete(id)
    return { classes, unreadable: listed.unreadable, seconds: (performance.now() - begin) / 1000 }
  }

  /** Ends a prediction between two batches. */
  stop = (id: string) => void this.stopped.add(id)
}
