const place = 'saim-key'

/**
 * What lets this page in at `saim serve`: a key for calls, and behind its dot the one for files. The address that was opened
 * brings it behind its #, which no server is sent; it is kept for this origin, for further tabs. Empty in the window.
 */
export const key = keyFrom(location)

/** Takes the key out of the address, where nobody shall read it, and keeps it. */
function keyFrom({ hash, pathname }: Location): string {
  const [, given] = /^#key=([\w.-]+)$/.exec(hash) ?? []
  if (given) history.replaceState(null, '', pathname)
  try {
    if (given) localStorage.setItem(place, given)
    return given ?? localStorage.getItem(place) ?? ''
  } catch {
    return given ?? '' // this browser keeps nothing
  }
}
