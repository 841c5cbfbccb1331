import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { Shield } from '../../signer-node/shield.ts'
import { hex } from '../kit/vectors.ts'

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const secretOf = (bytes: Uint8Array): Secret => new Secret(bytes.slice())

describe('what is hidden', () => {
  const shield = new Shield(random)
  const bytes = random(32)
  const secret = secretOf(bytes)
  const hidden = shield.hide(secret)

  it('opens as often as wanted, each time for its owner alone', () => {
    using first = shield.open(hidden)
    {
      using second = shield.open(hidden)
      expect(hex(second.bytes)).toBe(hex(bytes))
    }
    expect(hex(first.bytes)).toBe(hex(bytes))
  })

  it('leaves the original as it was', () => {
    expect(hex(secret.bytes)).toBe(hex(bytes))
  })

  it('shows nothing of the secret, and not the same for the same', () => {
    const again = shield.hide(secret)
    for (const { salt, sealed, tag } of [hidden, again]) {
      const shown = hex(salt) + hex(sealed) + hex(tag)
      for (let at = 0; at < 29; at += 1) expect(shown).not.toContain(hex(bytes.slice(at, at + 4)))
    }
    expect(hex(again.sealed)).not.toBe(hex(hidden.sealed))
  })

  it('does not open after any one bit of it has changed, nor under another shield', () => {
    for (const part of ['salt', 'sealed', 'tag'] as const) {
      for (let at = 0; at < hidden[part].length; at += 5) {
        const changed = hidden[part].slice()
        changed[at]! ^= 1 << (at & 7)
        expect(() => shield.open({ ...hidden, [part]: changed })).toThrow('memory has changed')
      }
    }
    expect(() => new Shield(random).open(hidden)).toThrow('memory has changed')
  })

  it('needs every bit of the prekey', () => {
    const prekey = random(16 * 1024)
    const drawing = (first: Uint8Array) => (length: number) =>
      length === first.length ? first.slice() : new Uint8Array(length)
    const kept = new Shield(drawing(prekey)).hide(secret)
    expect(hex(new Shield(drawing(prekey)).open(kept).bytes)).toBe(hex(bytes))
    for (const at of [0, 8_191, prekey.length - 1]) {
      const other = prekey.slice()
      other[at]! ^= 1
      expect(() => new Shield(drawing(other)).open(kept)).toThrow('memory has changed')
    }
  })

  it('stays hidden for ever once it is forgotten, and only it', () => {
    const shield = new Shield(random)
    const [kept, other] = [shield.hide(secret), shield.hide(secret)]
    expect(hex(shield.open(kept).bytes)).toBe(hex(bytes))
    shield.forget(kept)
    expect(kept.sealed.every((byte) => byte === 0)).toBe(true)
    expect(() => shield.open(kept)).toThrow('memory has changed')
    expect(hex(shield.open(other).bytes)).toBe(hex(bytes))
  })

  it('stays hidden for ever once the shield is gone', () => {
    const gone = new Shield(random)
    const kept = gone.hide(secret)
    gone[Symbol.dispose]()
    expect(() => gone.open(kept)).toThrow('a secret was used after it was wiped')
    expect(() => gone.hide(secret)).toThrow('a secret was used after it was wiped')
  })
})
