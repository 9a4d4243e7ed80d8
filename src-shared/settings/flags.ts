/** `imageSize` -> `image-size`. */
export const flagOf = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** The flags that give these settings. */
export const flagsOf = (settings: Record<string, unknown>) =>
  Object.entries(settings).map(([name, value]) =>
    typeof value === 'boolean' ? `--${value ? '' : 'no-'}${flagOf(name)}` : `--${flagOf(name)} ${value}`,
  )
