import { AppError } from '#shared/errors'

/**
 * Reads Python's pickle format as data. Nothing is ever run: a pickle can name any Python function for its reader to
 * call, and where it names one that is not among `constructors`, reading ends with an error that says which.
 */

export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Value[]
  | Map<Value, Value>
  | PickledObject
  | object

/** An object of a class that is known and of no interest: its class, what it was made from and its state. */
export class PickledObject {
  state: Value = null
  constructor(
    readonly type: string,
    readonly from: Value[],
  ) {}
}

/** What stands for a Python class or function: makes a value of the parameters, by our own code. */
export type Constructor = (parameters: Value[]) => Value

/** The constructor for a Python name, as in `collections.OrderedDict`; nothing for one that is not allowed. */
type ConstructorOf = (name: string) => Constructor | undefined

interface Unpickled {
  value: Value
  /** Where the pickle ended. */
  end: number
}

/**
 * The value that a pickle of protocol 2 to 5 describes. `constructorOf` gives what stands for a Python name that it may use;
 * `persistent` gives what the file keeps elsewhere. Throws AppError weights-unreadable.
 */
export function unpickle(
  bytes: Uint8Array,
  constructorOf: ConstructorOf,
  persistent: (id: Value) => Value,
  start = 0,
): Unpickled {
  try {
    return new Unpickler(bytes, constructorOf, persistent, start).run()
  } catch (error) {
    throw error instanceof AppError ? error : unreadable('its pickle is damaged')
  }
}

export const unreadable = (what: string) =>
  new AppError(
    'weights-unreadable',
    `The file cannot be read as weights: ${what}.`,
    'Only .pth files of tensors and safetensors files are read. Nothing in the file was run.',
  )

/** The description of tensors is far shorter. */
export const longestPickle = 2 ** 26

/** A byte of a pickle can ask for a whole dictionary: how many objects one of so many bytes may make. */
const mostObjects = (bytes: number) => Math.min(1e6, 2e5 + bytes / 4)

const opcodeOf = (text: string) => text.charCodeAt(0)

class Unpickler {
  private readonly view: DataView
  private stack: Value[] = []
  private readonly marks: Value[][] = []
  private readonly memo = new Map<number, Value>()
  private objectsLeft: number

  constructor(
    private readonly bytes: Uint8Array,
    private readonly constructorOf: ConstructorOf,
    private readonly persistent: (id: Value) => Value,
    private place: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.objectsLeft = mostObjects(bytes.length)
  }

  run(): Unpickled {
    for (;;) {
      const opcode = this.byte()
      if (opcode === opcodeOf('.')) return { value: this.pop(), end: this.place }
      const action = this.actions[opcode]
      if (!action) throw unreadable(`its pickle uses the operation 0x${opcode.toString(16)}`)
      action()
    }
  }

  /** What each opcode does (CPython, Lib/pickletools.py). */
  private readonly actions: Record<number, () => void> = Object.fromEntries(
    Object.entries<() => void>({
      '\x80': () => this.skip(1), // protocol
      '\x95': () => this.skip(8), // frame
      '(': () => {
        this.count()
        this.marks.push(this.stack)
        this.stack = []
      },
      '0': () => void this.pop(),
      '1': () => void this.popMark(),
      '2': () => this.push(this.top()),

      N: () => this.push(null),
      '\x88': () => this.push(true),
      '\x89': () => this.push(false),
      J: () => this.push(this.view.getInt32(this.skip(4), true)),
      K: () => this.push(this.byte()),
      M: () => this.push(this.view.getUint16(this.skip(2), true)),
      '\x8a': () => this.push(this.long(this.byte())),
      G: () => this.push(this.view.getFloat64(this.skip(8))),
      X: () => this.push(this.text(this.uint32())),
      '\x8c': () => this.push(this.text(this.byte())),
      '\x8d': () => this.push(this.text(this.uint64())),
      B: () => this.push(this.raw(this.uint32())),
      C: () => this.push(this.raw(this.byte())),
      '\x8e': () => this.push(this.raw(this.uint64())),
      '\x96': () => this.push(this.raw(this.uint64())),
      U: () => this.push(this.text(this.byte())),
      T: () => this.push(this.text(this.uint32())),

      ')': () => this.make([]),
      ']': () => this.make([]),
      '}': () => this.make(new Map()),
      '\x8f': () => this.make([]), // an empty set
      t: () => this.push(this.popMark()),
      l: () => this.push(this.popMark()),
      '\x91': () => this.push(this.popMark()), // a frozen set
      d: () => this.fill(new Map(), this.popMark(), true),
      '\x85': () => this.make(this.popMany(1)),
      '\x86': () => this.make(this.popMany(2)),
      '\x87': () => this.make(this.popMany(3)),
      a: () => this.extend([this.pop()]),
      e: () => this.extend(this.popMark()),
      '\x90': () => this.extend(this.popMark()), // into a set
      s: () => {
        const pair = this.popMany(2)
        this.fill(this.top(), pair)
      },
      u: () => {
        const pairs = this.popMark()
        this.fill(this.top(), pairs)
      },

      q: () => this.remember(this.byte()),
      r: () => this.remember(this.uint32()),
      '\x94': () => this.remember(this.memo.size),
      h: () => this.push(this.remembered(this.byte())),
      j: () => this.push(this.remembered(this.uint32())),

      c: () => this.push(this.constructorNamed(this.line(), this.line())),
      '\x93': () => {
        const [module, name] = this.popMany(2)
        if (typeof module !== 'string' || typeof name !== 'string')
          throw unreadable('its pickle names a Python object by what is no name')
        this.push(this.constructorNamed(module, name))
      },
      Q: () => this.push(this.persistent(this.pop())),
      R: () => this.call(),
      '\x81': () => this.call(), // __new__ of a class
      b: () => {
        const state = this.pop()
        const target = this.top()
        if (target instanceof PickledObject) target.state = state
      },
    }).map(([opcode, action]) => [opcodeOf(opcode), action]),
  )

  private call(): void {
    const parameters = list(this.pop())
    const constructor = this.pop()
    if (typeof constructor !== 'function') throw unreadable('its pickle calls what is no class')
    this.push((constructor as Constructor)(parameters))
  }

  private constructorNamed(module: string, name: string): Value {
    const full = `${module}.${name}`
    const constructor = this.constructorOf(full)
    if (!constructor)
      throw unreadable(
        `it asks for the Python object ${full.slice(0, 200)}, which no file of weights needs. Save the state_dict() of the model alone`,
      )
    return constructor
  }

  private fill(target: Value, pairs: Value[], push = false): void {
    if (target instanceof PickledObject) return // settings and such, of which nothing is asked
    if (!(target instanceof Map)) throw unreadable('its pickle fills what is no dictionary')
    for (let i = 0; i + 1 < pairs.length; i += 2) target.set(pairs[i]!, pairs[i + 1]!)
    if (push) this.push(target)
  }

  private extend(items: Value[]): void {
    if (this.top() instanceof PickledObject) return
    const target = list(this.top())
    for (const item of items) target.push(item)
  }

  private remember(index: number): void {
    this.count()
    this.memo.set(index, this.top())
  }

  private remembered(index: number): Value {
    if (!this.memo.has(index)) throw unreadable('its pickle refers to what it does not hold')
    return this.memo.get(index)!
  }

  private count(): void {
    if (this.objectsLeft-- < 1) throw unreadable('its pickle makes more objects than a file of weights has')
  }

  private make(value: Value): void {
    this.count()
    this.push(value)
  }

  private push = (value: Value) => void this.stack.push(value)
  private top(): Value {
    if (this.stack.length === 0) throw unreadable('its pickle takes more than it holds')
    return this.stack.at(-1)!
  }
  private pop = () => this.popMany(1)[0]!

  private popMany(count: number): Value[] {
    if (this.stack.length < count) throw unreadable('its pickle takes more than it holds')
    return this.stack.splice(this.stack.length - count, count)
  }

  private popMark(): Value[] {
    const items = this.stack
    const before = this.marks.pop()
    if (!before) throw unreadable('its pickle takes more than it holds')
    this.stack = before
    return items
  }

  /** Goes on by `count` bytes and answers where they begin. */
  private skip(count: number): number {
    const start = this.place
    this.place += count
    if (!(count >= 0 && this.place <= this.bytes.length)) throw unreadable('it ends too early')
    return start
  }

  private byte = () => this.bytes[this.skip(1)]!
  private uint32 = () => this.view.getUint32(this.skip(4), true)
  private uint64 = () => Number(this.view.getBigUint64(this.skip(8), true))
  private raw = (length: number) => this.bytes.slice(this.skip(length), this.place)
  private text = (length: number) => new TextDecoder().decode(this.raw(length))

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.place)
    const text = this.text(end - this.place)
    this.skip(1)
    return text
  }

  /** A whole number of any length, little-endian two's complement. */
  private long(length: number): number | bigint {
    const value = this.raw(length).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
    const signed = BigInt.asIntN(8 * length, value)
    return signed === BigInt(Number(signed)) ? Number(signed) : signed
  }
}

function list(value: Value): Value[] {
  if (!Array.isArray(value)) throw unreadable('its pickle extends what is no list')
  return value
}
