import type { WebSocket } from 'ws'
import { type Channel, messageLimit } from '#shared/wire'

/** Bytes that a client may leave unread before it is heard no more, and before it is cut off. */
const restAt = messageLimit
const cutOffAt = 64 * messageLimit
/** How often an unread rest is looked at, and how long it may stay as it is, in milliseconds. */
const lookEvery = 50
const patience = 60_000

type Socket = Pick<
  WebSocket,
  'readyState' | 'OPEN' | 'bufferedAmount' | 'send' | 'pause' | 'resume' | 'terminate' | 'on'
>

/** A channel over a socket that costs no memory where the other end asks and does not read. Pages that are cut off load anew. */
export function flowing(socket: Socket): Channel {
  const reasons = new Set<'unread' | 'busy'>()
  const hold = (reason: 'unread' | 'busy', held: boolean) => {
    if (held) reasons.add(reason)
    else reasons.delete(reason)
    if (socket.readyState !== socket.OPEN) return
    if (reasons.size) socket.pause()
    else socket.resume()
  }
  const waitUntilRead = () => {
    if (reasons.has('unread') || socket.bufferedAmount <= restAt) return
    hold('unread', true)
    let [unread, since] = [socket.bufferedAmount, Date.now()]
    const timer = setInterval(() => {
      const now = socket.bufferedAmount
      if (now < unread) since = Date.now()
      unread = now
      if (Date.now() - since > patience) socket.terminate()
      if (now > restAt && socket.readyState === socket.OPEN) return
      clearInterval(timer)
      hold('unread', false)
    }, lookEvery)
  }
  return {
    post(text) {
      if (socket.readyState !== socket.OPEN) return
      if (socket.bufferedAmount > cutOffAt) return socket.terminate()
      socket.send(text)
      waitUntilRead()
    },
    on: (listener) => void socket.on('message', (data) => listener(String(data))),
    hold: (held) => hold('busy', held),
  }
}
