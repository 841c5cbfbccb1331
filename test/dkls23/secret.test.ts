import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { equalBytes, Secret, SecretScope } from '../../signer-node/dkls23/secret.ts'

const CANARY = Uint8Array.of(0xca, 0x9a, 0x12, 0x34)

describe('Secret', () => {
  it('gives its bytes to who asks for them', () => {
    expect([...new Secret(CANARY.slice()).bytes]).toEqual([...CANARY])
  })

  it.each([
    ['String', (secret: Secret) => String(secret)],
    ['a template', (secret: Secret) => `${secret}`],
    ['inspect', (secret: Secret) => inspect(secret)],
    ['inspect of an object that holds it', (secret: Secret) => inspect({ secret }).slice(10, -2)],
    ['JSON', (secret: Secret) => JSON.parse(JSON.stringify(secret))],
  ])('prints as [secret] through %s', (_name, print) => {
    expect(print(new Secret(CANARY.slice()))).toBe('[secret]')
  })

  it('wipes its bytes at the end of its scope and refuses to be used after it', () => {
    const secret = new Secret(CANARY.slice())
    const { bytes } = secret
    {
      using inScope = secret
      expect([...inScope.bytes]).toEqual([...CANARY])
    }
    expect([...bytes]).toEqual([0, 0, 0, 0])
    expect(() => secret.bytes).toThrow('a secret was used after it was wiped')
  })

  it('takes the bytes away from whoever gave them, to a place that the collector never moves', () => {
    const given = CANARY.slice()
    const secret = new Secret(given)
    expect([...given]).toEqual([0, 0, 0, 0])
    expect([...secret.bytes]).toEqual([...CANARY])
    // Of its own buffer: what the engine allocates inside its heap has none before it is asked for.
    expect(secret.bytes.buffer.byteLength).toBe(CANARY.length)
  })

  it('equals a secret of the same bytes and no other', () => {
    const secret = new Secret(CANARY.slice())
    expect(secret.equals(new Secret(CANARY.slice()))).toBe(true)
    expect(secret.equals(new Secret(Uint8Array.of(0xca, 0x9a, 0x12, 0x35)))).toBe(false)
    expect(secret.equals(new Secret(CANARY.slice(1)))).toBe(false)
  })
})

describe('SecretScope', () => {
  it('wipes all that it kept when its scope ends, also when the scope throws', () => {
    const [a, b] = [CANARY.slice(), CANARY.slice()]
    const leave = (): void => {
      using scope = new SecretScope()
      expect(scope.keep(a)).toBe(a)
      scope.keep(b)
      throw new Error('left early')
    }
    expect(leave).toThrow('left early')
    expect([...a, ...b]).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
  })
})

describe('equalBytes', () => {
  it('finds a difference at every position', () => {
    const bytes = new Uint8Array(33).fill(7)
    expect(equalBytes(bytes, bytes.slice())).toBe(true)
    for (let i = 0; i < bytes.length; i++) {
      const other = bytes.slice()
      other[i] = 6
      expect(equalBytes(bytes, other)).toBe(false)
    }
  })

  it('finds a difference of length, also where one is the beginning of the other', () => {
    const [long, short] = [Uint8Array.of(7, 7, 0), Uint8Array.of(7, 7)]
    expect(equalBytes(long, short)).toBe(false)
    expect(equalBytes(short, long)).toBe(false)
    expect(equalBytes(new Uint8Array(), short)).toBe(false)
    expect(equalBytes(new Uint8Array(), new Uint8Array())).toBe(true)
  })
})
