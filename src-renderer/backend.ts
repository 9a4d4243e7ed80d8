import { createBirpc } from 'birpc'
import { ref } from 'vue'
import { type Backend, type CallName, events, type EventName, type EventPayload } from '#shared/contract'
import { fromErrorData } from '#shared/errors'
import { type BackendSide, type Channel, protocol, type RendererSide } from '#shared/wire'
import { fileUrl } from '#ui/file-url'
import { key } from './ui/keyboard/key'

/** What the preload script of the window offers; absent in a browser. */
interface SaimBridge {
  send(text: string): void
  onMessage(listener: (text: string) => void): void
  pathForFile(file: File): string
}
declare global {
  interface Window {
    saim?: SaimBridge
  }
}

/** Whether the backend can be reached. */
export const connected = ref(true)
/** Whether it refuses this page: `saim serve` was started again, or the page was opened without the address that it printed. */
export const refused = ref(false)

type Listener = (payload: never) => void
const listeners = new Map<EventName, Set<Listener>>()

const renderer: RendererSide = {
  event(name, payload) {
    const schema = events[name as EventName]
    const checked = schema.parse(payload)
    listeners.get(name as EventName)?.forEach((listener) => listener(checked as never))
  },
}

const channel: Channel = window.saim
  ? { post: window.saim.send, on: window.saim.onMessage }
  : webSocketChannel(`${location.origin.replace('http', 'ws')}/rpc`)

const remote = createBirpc<BackendSide, RendererSide>(renderer, {
  post: (text) => channel.post(text),
  on: (listener) => channel.on(listener),
  serialize: JSON.stringify,
  deserialize: JSON.parse,
  timeout: -1,
})

/** The calls of the contract: `backend['runs.list']()`. They throw the AppError of the backend. */
export const backend = new Proxy({} as Backend, {
  get: (_target, name: CallName) => async (input: unknown) => {
    const answer = await remote.call(name, input)
    if (!answer.ok) throw fromErrorData(answer.error)
    return answer.value
  },
})

/** Listens to an event of the contract. Returns a function that stops listening. */
export function onEvent<N extends EventName>(
  name: N,
  listener: (payload: EventPayload<N>) => void,
): () => void {
  const all = listeners.get(name) ?? new Set()
  listeners.set(name, all.add(listener as Listener))
  return () => all.delete(listener as Listener)
}

/** Browsers do not say why a WebSocket was closed: asks for a file that is never there. */
const isRefused = () =>
  fetch(fileUrl('none')).then(
    ({ status }) => status === 403,
    () => false,
  )

/** Keeps a WebSocket open. Messages posted while it is closed are sent once it is open again. */
function webSocketChannel(address: string): Channel {
  const heard: ((text: string) => void)[] = []
  const waiting: string[] = []
  let socket: WebSocket
  const open = () => {
    socket = new WebSocket(address, [protocol, ...(key ? [key] : [])])
    socket.onopen = () => {
      if (!connected.value) location.reload() // events were missed meanwhile
      for (const text of waiting.splice(0)) socket.send(text)
    }
    socket.onmessage = ({ data }) => heard.forEach((listener) => listener(String(data)))
    socket.onclose = () => {
      connected.value = false
      void isRefused().then((is) => (refused.value = is))
      setTimeout(open, 1000)
    }
  }
  open()
  return {
    post: (text) => (socket.readyState === WebSocket.OPEN ? socket.send(text) : waiting.push(text)),
    on: (listener) => heard.push(listener),
  }
}
