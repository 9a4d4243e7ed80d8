/** Writes the few pickle opcodes (protocol 2) that a PyTorch file of tensors needs. */
export class Pickle {
  private readonly parts: Uint8Array[] = [Uint8Array.of(0x80, 2)]

  private put(opcode: string, ...bytes: Uint8Array[]): this {
    this.parts.push(Buffer.from(opcode, 'latin1'), ...bytes)
    return this
  }

  /** A Python class or function by its module and name. */
  global = (module: string, name: string) => this.put('c', Buffer.from(`${module}\n${name}\n`))

  text(value: string): this {
    const bytes = Buffer.from(value)
    return this.put('X', uint32(bytes.length), bytes)
  }

  /** A whole number from 0 up. */
  integer(value: number): this {
    if (value < 256) return this.put('K', Uint8Array.of(value))
    if (value < 2 ** 31) return this.put('J', uint32(value))
    const bytes = new Uint8Array(9)
    bytes[0] = 8
    new DataView(bytes.buffer).setBigInt64(1, BigInt(value), true)
    return this.put('\x8a', bytes)
  }

  boolean = (value: boolean) => this.put(value ? '\x88' : '\x89')

  tuple(fill: () => void): this {
    this.put('(')
    fill()
    return this.put('t')
  }

  /** A new dictionary, filled with keys and values in turn. */
  dictionary(fill: () => void): this {
    this.put('}')
    return this.items(fill)
  }

  /** Adds keys and values in turn to the dictionary on top. */
  items(fill: () => void): this {
    this.put('(')
    fill()
    return this.put('u')
  }

  /** Calls the function below with the tuple on top. */
  call = () => this.put('R')
  /** Replaces the tuple on top by what the file keeps elsewhere. */
  persistent = () => this.put('Q')

  finish(): Uint8Array {
    this.put('.')
    return Buffer.concat(this.parts)
  }
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}
