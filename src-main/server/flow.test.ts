import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { flowing } from './flow'

/** A socket whose other end reads when it is told to. */
function slowSocket() {
  const socket = {
    OPEN: 1 as const,
    readyState: 1 as 0 | 1 | 2 | 3,
    bufferedAmount: 0,
    send: (text: string) => void (socket.bufferedAmount += text.length),
    pause: vi.fn(),
    resume: vi.fn(),
    terminate: vi.fn(() => void (socket.readyState = 3)),
    on: vi.fn(),
  }
  return socket
}
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())
const open = (socket: ReturnType<typeof slowSocket>) => flowing(socket as never)

it('hears a client no more that does not read, until it has read', () => {
  const socket = slowSocket()
  const channel = open(socket)
  channel.post('x'.repeat(900_000))
  expect(socket.pause).not.toHaveBeenCalled()
  channel.post('x'.repeat(900_000))
  expect(socket.pause).toHaveBeenCalledOnce()
  vi.advanceTimersByTime(1000)
  expect(socket.resume).not.toHaveBeenCalled()
  socket.bufferedAmount = 0
  vi.advanceTimersByTime(100)
  expect(socket.resume).toHaveBeenCalledOnce()
})

it('cuts off a client that leaves too much unread, not one that reads one long answer', () => {
  const socket = slowSocket()
  const channel = open(socket)
  for (let event = 0; event < 1000; event++) channel.post('x'.repeat(900_000))
  expect(socket.terminate).toHaveBeenCalledOnce()
  expect(socket.bufferedAmount).toBeLessThan(66e6)

  const reader = slowSocket()
  open(reader).post('x'.repeat(80_000_000))
  vi.advanceTimersByTime(30_000)
  reader.bufferedAmount = 0
  vi.advanceTimersByTime(60_000)
  expect(reader.terminate).not.toHaveBeenCalled()
})

it('cuts off a client that reads nothing for a minute', () => {
  const socket = slowSocket()
  open(socket).post('x'.repeat(2_000_000))
  vi.advanceTimersByTime(61_000)
  expect(socket.terminate).toHaveBeenCalled()
})

it('goes on hearing only when nothing speaks against it', () => {
  const socket = slowSocket()
  const channel = open(socket)
  channel.hold!(true)
  channel.post('x'.repeat(2_000_000))
  socket.bufferedAmount = 0
  vi.advanceTimersByTime(100)
  expect(socket.resume).not.toHaveBeenCalled()
  channel.hold!(false)
  expect(socket.resume).toHaveBeenCalledOnce()
})
