import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { printAddress } from '#shared/address'
import { Machines, type Vault } from './machines'

const turned = (text: string) => [...text].reverse().join('')
const vault: Vault = { encrypt: turned, decrypt: turned }
const address = { origin: 'https://gpu-box:7001', token: 'secret', fingerprint: 'a1'.repeat(32) }
const opened = vi.fn(() => Promise.resolve())
let home: string

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'saim-test-'))
  vi.stubEnv('SAIM_HOME', home)
  opened.mockClear()
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})
const machines = (withVault: Vault | null) => new Machines(opened, withVault).calls
/** A time of this minute. */
const usedAt = expect.toSatisfy((at: string) => Math.abs(Date.now() - Date.parse(at)) < 60_000)
const file = () => readFileSync(path.join(home, 'machines.json'), 'utf8')

it('opens a known machine by its origin, the token of its last address encrypted', async () => {
  await machines(vault)['machines.open']({ address: printAddress({ ...address, token: 'old' }) })
  await machines(vault)['machines.open']({ address: printAddress(address) })
  expect(file()).not.toContain('secret')
  expect(await machines(vault)['machines.list']()).toEqual([
    { origin: address.origin, hasToken: true, usedAt },
  ])
  await machines(vault)['machines.open']({ address: address.origin })
  expect(opened).toHaveBeenLastCalledWith(address)
})

it('keeps no token without a keychain, and asks for the address then', async () => {
  await machines(null)['machines.open']({ address: printAddress(address) })
  expect(file()).not.toMatch(/secret|terces/)
  expect(await machines(null)['machines.list']()).toEqual([
    { origin: address.origin, hasToken: false, usedAt },
  ])
  const again = machines(null)['machines.open']({ address: address.origin })
  await expect(again).rejects.toMatchObject({ code: 'address-unusable' })
})

it('does without a token that another keychain encrypted', async () => {
  await machines(vault)['machines.open']({ address: printAddress(address) })
  const other = {
    ...vault,
    decrypt: () => {
      throw new Error('Not mine.')
    },
  }
  expect(await machines(other)['machines.list']()).toEqual([
    { origin: address.origin, hasToken: false, usedAt },
  ])
})

it('remembers only what could be opened, the last one first, and forgets', async () => {
  const { 'machines.open': open, 'machines.forget': forget, 'machines.list': list } = machines(vault)
  opened.mockRejectedValueOnce(new Error('Nobody there.'))
  await expect(open({ address: printAddress(address) })).rejects.toThrow('Nobody there.')
  expect(await list()).toEqual([])
  for (const name of ['a', 'b', 'a']) await open({ address: `https://${name}:1/?token=t` })
  expect((await list()).map(({ origin }) => origin)).toEqual(['https://a:1', 'https://b:1'])
  expect(await forget({ origin: 'https://a:1' })).toEqual([{ origin: 'https://b:1', hasToken: true, usedAt }])
})

it('takes a damaged list for an empty one', async () => {
  writeFileSync(path.join(home, 'machines.json'), '[{"origin":')
  expect(await machines(vault)['machines.list']()).toEqual([])
})

it('tells whether something answers where a known machine is', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { 'machines.reach': reach, 'machines.open': open } = machines(vault)
  expect(await reach({ origin })).toBe(false) // not a known one
  await open({ address: `${origin}/?token=t` })
  expect(await reach({ origin })).toBe(true)
  await new Promise((resolve) => server.close(resolve))
  expect(await reach({ origin })).toBe(false)
})
