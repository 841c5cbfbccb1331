import { createDecipheriv, createHash, hkdfSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  ed25519PublicKey,
  ed25519Signer,
  ed25519Verify,
  x25519,
  x25519PublicKey,
} from '../../proto/crypto.ts'
import { type Channel, openChannel } from '../../signer-node/envelope.ts'
import { seedOf } from './world.ts'

const sid = seedOf('sid')
const payload = new TextEncoder().encode('first message of party three')

function ends(self: number, peer: number, named = sid): Channel {
  const channel = openChannel(
    {
      sid: named,
      self,
      peer,
      sign: ed25519Signer(seedOf(`identity-${self}`)),
      peerIdentity: ed25519PublicKey(seedOf(`identity-${peer}`)),
    },
    seedOf(`x25519-${self}`),
    x25519PublicKey(seedOf(`x25519-${peer}`)),
  )
  if (channel === undefined) throw new Error('expected a channel')
  return channel
}

/** The same, written down once more from the specification alone. */
function recomputed(from: number, to: number, round: number, sealed: Uint8Array) {
  const shared = x25519(seedOf(`x25519-${from}`), x25519PublicKey(seedOf(`x25519-${to}`)))!
  const u16 = (value: number) => Buffer.from([value >> 8, value & 255])
  const info = Buffer.concat([Buffer.from('custody/v1/envelope\n'), u16(from), u16(to)])
  const key = Buffer.from(hkdfSync('sha256', shared, sid, info, 32))
  const place = Buffer.concat([sid, Buffer.from([round]), u16(from), u16(to)])
  const nonce = Buffer.concat([Buffer.alloc(11), Buffer.from([round])])
  const opener = createDecipheriv('aes-256-gcm', key, nonce)
  opener.setAAD(place).setAuthTag(sealed.subarray(-16))
  const plain = Buffer.concat([opener.update(sealed.subarray(0, -16)), opener.final()])
  const digest = createHash('sha256').update(plain.subarray(0, -64)).digest()
  const signed = Buffer.concat([Buffer.from('custody/v1/message\n'), place, digest])
  return { payload: plain.subarray(0, -64), signed, signature: plain.subarray(-64) }
}

describe('the envelope between two nodes', () => {
  it('opens at the other end to exactly what was sealed', () => {
    expect(ends(300, 3).open(1, ends(3, 300).seal(1, payload))).toEqual(payload)
  })

  it('is what the specification says, byte by byte', () => {
    const opened = recomputed(3, 300, 2, ends(3, 300).seal(2, payload))
    expect(new Uint8Array(opened.payload)).toEqual(payload)
    const identity = ed25519PublicKey(seedOf('identity-3'))
    expect(ed25519Verify(identity, opened.signed, opened.signature)).toBe(true)
  })

  it('repeats the same bytes when the same payload is sent again', () => {
    const channel = ends(3, 300)
    expect(channel.seal(1, payload)).toEqual(channel.seal(1, payload))
  })

  it('uses another key in each direction', () => {
    const there = ends(3, 300).seal(1, payload)
    const back = ends(300, 3).seal(1, payload)
    expect(there.subarray(0, payload.length)).not.toEqual(back.subarray(0, payload.length))
  })

  it('drops a message of another round, session, sender or receiver', () => {
    const sealed = ends(3, 300).seal(1, payload)
    expect(ends(300, 3).open(2, sealed)).toBeUndefined()
    expect(ends(300, 3, seedOf('other sid')).open(1, sealed)).toBeUndefined()
    expect(ends(300, 4).open(1, sealed)).toBeUndefined()
    expect(ends(4, 3).open(1, sealed)).toBeUndefined()
    expect(ends(3, 300).open(1, sealed)).toBeUndefined()
  })

  it('drops a message in which any byte was changed or cut off', () => {
    const sealed = ends(3, 300).seal(1, payload)
    const receiver = ends(300, 3)
    for (const at of sealed.keys()) {
      const changed = Uint8Array.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(receiver.open(1, changed)).toBeUndefined()
    }
    expect(receiver.open(1, sealed.subarray(1))).toBeUndefined()
    expect(receiver.open(1, sealed.subarray(0, 20))).toBeUndefined()
    expect(receiver.open(1, new Uint8Array())).toBeUndefined()
  })

  it('drops what the peer encrypted and somebody else signed', () => {
    const forger = openChannel(
      {
        sid,
        self: 3,
        peer: 300,
        sign: ed25519Signer(seedOf('identity-4')),
        peerIdentity: ed25519PublicKey(seedOf('identity-300')),
      },
      seedOf('x25519-3'),
      x25519PublicKey(seedOf('x25519-300')),
    )
    expect(ends(300, 3).open(1, forger!.seal(1, payload))).toBeUndefined()
  })

  it('makes no channel with a key of low order', () => {
    const low = openChannel(
      {
        sid,
        self: 3,
        peer: 300,
        sign: ed25519Signer(seedOf('identity-3')),
        peerIdentity: ed25519PublicKey(seedOf('identity-300')),
      },
      seedOf('x25519-3'),
      new Uint8Array(32),
    )
    expect(low).toBeUndefined()
  })

  it('refuses to be used after it was wiped', () => {
    const channel = ends(3, 300)
    channel[Symbol.dispose]()
    expect(() => channel.seal(1, payload)).toThrow('wiped')
  })
})
