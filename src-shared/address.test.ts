import { describe, expect, it } from 'vitest'
import { parseAddress, printAddress } from './address'

const fingerprint = 'a1'.repeat(32)

describe('an address', () => {
  it.each([
    { origin: 'http://127.0.0.1:7001', token: 'a-token_1', fingerprint: null },
    { origin: 'http://localhost:7001', token: 't', fingerprint: null },
    { origin: 'http://[::1]:7001', token: 't', fingerprint: null },
    { origin: 'https://gpu-box.example', token: 't', fingerprint: null },
    { origin: 'https://10.0.0.5:7001', token: 't', fingerprint },
    { origin: 'https://[fd00::1]:7001', token: 't', fingerprint },
  ])('is read as it was printed: $origin', (address) => {
    expect(parseAddress(printAddress(address))).toEqual(address)
  })

  it('is found in the line that was copied, in capitals too', () => {
    const line = `SAIM Studio: HTTPS://GPU-Box:7001/?token=t#sha256=${fingerprint.toUpperCase()}\n`
    expect(parseAddress(line)).toEqual({ origin: 'https://gpu-box:7001', token: 't', fingerprint })
  })

  it.each([
    ['nothing', ''],
    ['a name alone', 'gpu-box:7001'],
    ['a port that is none', 'https://gpu-box:70010/?token=t'],
    ['another scheme', 'ftp://gpu-box/?token=t'],
    ['no token', 'https://gpu-box:7001/'],
    ['a token with what no token has', 'https://gpu-box:7001/?token=a%20b'],
    ['a user', 'https://me:secret@gpu-box:7001/?token=t'],
    ['half a fingerprint', `https://gpu-box:7001/?token=t#sha256=${fingerprint.slice(1)}`],
    ['an empty fingerprint', 'https://gpu-box:7001/?token=t#sha256='],
    ['another machine in the clear', 'http://gpu-box:7001/?token=t'],
    ['a name that only begins like this machine', 'http://127.0.0.1.evil.example/?token=t'],
    ['a fingerprint that nothing would check', `http://127.0.0.1:7001/?token=t#sha256=${fingerprint}`],
  ])('is refused with advice: %s', (_what, text) => {
    expect(() => parseAddress(text)).toThrow(
      expect.objectContaining({ code: 'address-unusable', advice: expect.any(String) }),
    )
  })
})
