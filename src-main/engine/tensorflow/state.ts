import type { NamedTensorData, TensorSpec } from '#model/tensor/step'
import type { Vectors } from '#model/tensor/vectors'
import type { State } from '#engine/engine'
import type { Addon, Handle } from './addon'

/** What has tensors as variables: the session of a program. */
export interface Holder {
  /** Copies of variables, by handles of the caller's own. */
  fetch(names: string[]): Handle[]
  /** Gives variables values. */
  set(values: Record<string, Handle>): void
}

/** A tensor's newest value: by a handle, as a variable of some sessions, or both. */
interface Entry {
  spec: TensorSpec
  handle: Handle | null
  holders: Set<Holder>
}

/** Tensors that sessions keep as variables of their own, and hand to one another when a step needs them. */
export class GraphState implements State {
  private readonly entries = new Map<string, Entry>()

  constructor(
    private readonly addon: Addon,
    values: NamedTensorData,
    readonly vectors: Vectors,
  ) {
    for (const [name, { shape, values: data }] of Object.entries(values)) {
      const dtype = data instanceof Int32Array ? 'int32' : 'float32'
      this.entries.set(name, { spec: { shape, dtype }, handle: null, holders: new Set() })
    }
    this.place(values)
  }

  specs = (): Record<string, TensorSpec> =>
    Object.fromEntries([...this.entries].map(([name, { spec }]) => [name, spec]))

  /** Sees to it that a session has the newest values. */
  bring(names: string[], to: Holder): void {
    const missing = names.filter((name) => !this.entry(name).holders.has(to))
    if (missing.length === 0) return
    this.collect(missing)
    to.set(Object.fromEntries(missing.map((name) => [name, this.entry(name).handle!])))
    for (const name of missing) this.entry(name).holders.add(to)
  }

  /** A step of `by` has replaced its variables: no other value is the newest. */
  replaced(names: string[], by: Holder): void {
    for (const name of names) this.renew(name, null, [by])
  }

  /** Saves what only a session has, before it is closed. */
  leave(holder: Holder): void {
    const held = [...this.entries].filter(([, { holders }]) => holders.has(holder))
    this.collect(held.map(([name]) => name))
    for (const [, { holders }] of held) holders.delete(holder)
  }

  async read(names = [...this.entries.keys()]): Promise<NamedTensorData> {
    this.collect(names)
    return Object.fromEntries(
      names.map((name) => {
        const { spec, handle } = this.entry(name)
        return [name, { shape: [...spec.shape], values: this.addon.get(handle!) }]
      }),
    )
  }

  async copy(into: Record<string, Float32Array>): Promise<void> {
    for (const [name, { values }] of Object.entries(await this.read(Object.keys(into))))
      into[name]!.set(values)
  }

  async write(values: NamedTensorData): Promise<void> {
    this.place(values)
  }

  dispose(): void {
    for (const name of this.entries.keys()) this.renew(name, null, [])
    this.entries.clear()
  }

  private entry = (name: string) => this.entries.get(name)!

  private place(values: NamedTensorData): void {
    for (const [name, { shape, values: data }] of Object.entries(values))
      this.renew(name, this.addon.copy({ shape, values: data }), [])
  }

  private renew(name: string, handle: Handle | null, holders: Holder[]): void {
    const entry = this.entry(name)
    if (entry.handle !== null) this.addon.delete([entry.handle])
    entry.handle = handle
    entry.holders = new Set(holders)
  }

  /** Makes handles of values that only sessions have. */
  private collect(names: string[]): void {
    const byHolder = new Map<Holder, string[]>()
    for (const name of names) {
      const { handle, holders } = this.entry(name)
      const [holder] = holders
      if (handle === null) byHolder.set(holder!, [...(byHolder.get(holder!) ?? []), name])
    }
    for (const [holder, held] of byHolder)
      holder.fetch(held).forEach((handle, i) => (this.entry(held[i]!).handle = handle))
  }
}
