import type { Event, WebContents } from 'electron'
import { beforeEach, expect, it, vi } from 'vitest'

const electron = vi.hoisted(() => ({
  app: { on: vi.fn() },
  BrowserWindow: { fromWebContents: () => ({}) },
  dialog: { showMessageBox: vi.fn() },
  shell: { openExternal: vi.fn() },
}))
vi.mock('electron', () => electron)
const { confinePages, showsMachine } = await import('./confine')

type Handler = (event: Event, ...others: never[]) => unknown

/** A page of another machine, or of this one, as Electron shows it; `clicked` is whether a person just clicked in it. */
function page({ machine, clicked = true }: { machine?: string; clicked?: boolean }) {
  const handlers = new Map<string, Handler>()
  let openLink: (details: { url: string }) => { action: string } = () => ({ action: '' })
  const contents = {
    on: (name: string, handler: Handler) => handlers.set(name, handler),
    setWindowOpenHandler: (handler: typeof openLink) => (openLink = handler),
    executeJavaScriptInIsolatedWorld: () => Promise.resolve(clicked),
  } as unknown as WebContents
  for (const [name, handler] of electron.app.on.mock.calls)
    if (name === 'web-contents-created') (handler as (...args: unknown[]) => void)({}, contents)
  if (machine) showsMachine(contents, machine)
  return {
    async open(url: string) {
      expect(openLink({ url })).toEqual({ action: 'deny' })
      await new Promise((resolve) => setTimeout(resolve))
    },
    stays(name: 'will-navigate' | 'will-redirect', url: string): boolean {
      const event = { preventDefault: vi.fn() }
      handlers.get(name)!(event as unknown as Event, url as never)
      return event.preventDefault.mock.calls.length > 0
    },
  }
}

const gpuBox = 'https://gpu-box:7001'
const answers = (response: number) => electron.dialog.showMessageBox.mockResolvedValue({ response })

beforeEach(() => {
  vi.clearAllMocks()
  confinePages('saim://app')
  answers(1)
})

it('opens a link of another machine where a person clicked and agrees to the host that is shown', async () => {
  await page({ machine: gpuBox }).open('https://user@evil.example/?what=it&knows')
  expect(electron.dialog.showMessageBox.mock.calls[0]![1]).toMatchObject({
    message: 'Open evil.example in your browser?',
    defaultId: 0,
    cancelId: 0,
  })
  expect(electron.shell.openExternal.mock.calls).toEqual([['https://user@evil.example/?what=it&knows']])
})

it('opens none where the person does not agree', async () => {
  answers(0)
  await page({ machine: gpuBox }).open('https://evil.example')
  expect(electron.dialog.showMessageBox).toHaveBeenCalledOnce()
  expect(electron.shell.openExternal).not.toHaveBeenCalled()
})

it('does not even ask where nobody clicked, for other schemes, and for pages of this machine', async () => {
  await page({ machine: gpuBox, clicked: false }).open('https://evil.example')
  for (const url of [
    'http://evil.example',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'ssh://evil.example',
  ])
    await page({ machine: gpuBox }).open(url)
  await page({}).open('https://evil.example')
  expect(electron.dialog.showMessageBox).not.toHaveBeenCalled()
  expect(electron.shell.openExternal).not.toHaveBeenCalled()
})

it('asks about one link at a time, and shows no more of an address than fits', async () => {
  let agree: (answer: { response: number }) => void = () => undefined
  electron.dialog.showMessageBox.mockReturnValue(new Promise((resolve) => (agree = resolve)))
  const asking = page({ machine: gpuBox })
  for (let i = 0; i < 3; i++) await asking.open(`https://evil.example/${'x'.repeat(5000)}`)
  expect(electron.dialog.showMessageBox).toHaveBeenCalledOnce()
  const { detail } = electron.dialog.showMessageBox.mock.calls[0]![1] as { detail: string }
  expect(detail.length).toBeLessThan(400)
  agree({ response: 0 })
})

it('keeps every page where it belongs', () => {
  for (const event of ['will-navigate', 'will-redirect'] as const) {
    expect(page({}).stays(event, 'saim://app/index.html')).toBe(false)
    expect(page({}).stays(event, 'saim://app.evil.example/')).toBe(true)
    expect(page({ machine: gpuBox }).stays(event, `${gpuBox}/#/runs`)).toBe(false)
    for (const url of ['saim://app/', 'https://gpu-box:70010/', 'https://gpu-box/', 'file:///etc/passwd'])
      expect(page({ machine: gpuBox }).stays(event, url)).toBe(true)
  }
})
