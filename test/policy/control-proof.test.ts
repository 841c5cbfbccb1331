// The sentence of a control proof and what a key signs for it: written by hand here, and compared
// with every kind of digest that a chain or a wallet makes of the same bytes.
import { createHash } from 'node:crypto'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import {
  computeAddress,
  hashMessage,
  keccak256,
  SigningKey,
  sha256,
  TypedDataEncoder,
  toUtf8Bytes,
} from 'ethers'
import { describe, expect, it } from 'vitest'
import { derive } from '../../policy/chain/derive.ts'
import { tronAddress } from '../../policy/chain/tron-address.ts'
import type { ChangeOf } from '../../policy/change.ts'
import { controlProof, proofDigest } from '../../policy/control-proof.ts'
import { openProof, proofFile } from '../../policy/proof-file.ts'
import { fromHex, toHex, toUtf8 } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import { tags } from '../../proto/tags.ts'
import { signature } from '../kit/audit-log.ts'
import { asks, hot, network } from '../kit/change-log.ts'
import { childSecret } from '../kit/child-secret.ts'
import { refusedWith } from '../kit/refused.ts'

const { text, digest, publicKey } = controlProof(asks.prove, hot, network)

const sha = (...parts: readonly (string | Uint8Array)[]): Uint8Array => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

describe('the sentence of a control proof', () => {
  it('is these lines of ASCII, of the approved change and the key alone', () => {
    expect(text).toBe(
      [
        'custody control proof',
        'organisation: acme',
        'environment: dev',
        'vault: hot-eth',
        'key: k-hot-eth',
        'epoch: 1',
        'path: m/0/7',
        'network: eip155:31337',
        'address: 0x0e0d6844d85b2a64409e3f57d51d0dcbf63e34bd',
        'public key: 03297cfa8f322492dc4a0297d66f380ed2eda869923d6f799963947822f4f9e2ee',
        'date: 2026-12-01T00:00:00Z',
        'number: prove',
        'audience: auditor',
        `challenge: ${'c4'.repeat(32)}`,
        'purpose: proof of reserve',
        '',
      ].join('\n'),
    )
    expect(text).toMatch(/^[\n -~]+$/)
    expect(text).toContain(computeAddress(`0x${toHex(publicKey)}`).toLowerCase())
  })

  it('names the key that signs: of the vault, or of one of its addresses', () => {
    expect(toHex(publicKey)).toBe(toHex(derive(hot, 'm/0/7').publicKey))
    expect(toHex(publicKey)).toBe(
      toHex(secp256k1.getPublicKey(childSecret('hot-eth', 'm/0/7'), true)),
    )
    const own = controlProof(
      { ...asks.prove, terms: { ...asks.prove.terms, path: 'm' } },
      hot,
      network,
    )
    expect(toHex(own.publicKey)).toBe(toHex(hot.publicKey))
  })

  it('differs in whatever people approved, and says so where nobody chose a challenge', () => {
    const { terms } = asks.prove
    const others: readonly Partial<ChangeOf<'key.prove'>>[] = [
      { id: parseHandle('another') },
      { purpose: 'drill' },
      { created: asks.prove.created + 1_000 },
      { terms: { ...terms, audience: 'somebody' } },
      { terms: { ...terms, path: 'm/0/8' } },
      { terms: { ...terms, epoch: 2 } },
      { terms: { ...terms, challenge: new Uint8Array(0) } },
    ]
    const made = others.map((patch) => controlProof({ ...asks.prove, ...patch }, hot, network))
    const digests = [digest, ...made.map((one) => one.digest)].map(toHex)
    expect(new Set(digests).size).toBe(others.length + 1)
    expect(made.at(-1)?.text).toContain('\nchallenge: none\n')
    const tron = controlProof(asks.prove, hot, 'tron:0x2b6653dc')
    expect(tron.text).toContain(`\naddress: ${tronAddress(tron.publicKey)}\n`)
  })
})

describe('what a key signs for a sentence', () => {
  it('is SHA-256 over the tag, a newline and the SHA-256 of the sentence', () => {
    expect(toHex(digest)).toBe(toHex(sha(tags.controlProof, '\n', sha(text))))
    expect(toHex(proofDigest(text))).toBe(toHex(digest))
    expect(toHex(proofDigest(`${text} `))).not.toBe(toHex(digest))
  })

  it('is no digest that a chain or a wallet makes of the sentence or of what is hashed for it', () => {
    const hashed = new Uint8Array([...toUtf8(`${tags.controlProof}\n`), ...sha(text)])
    const typed = TypedDataEncoder.hash({}, { Proof: [{ name: 'text', type: 'string' }] }, { text })
    const tronMessage = keccak256(toUtf8Bytes(`\x19TRON Signed Message:\n${text.length}${text}`))
    const bitcoin = sha(sha(`\x18Bitcoin Signed Message:\n${text}`))
    const foreign = [
      ...[text, hashed].map((bytes) => hashMessage(bytes)),
      ...[typed, tronMessage, toHex(bitcoin)],
      ...[toUtf8Bytes(text), hashed].map((bytes) => keccak256(bytes)),
      sha256(toUtf8Bytes(text)),
      toHex(sha(sha(hashed))),
    ]
    expect(foreign.map((one) => one.replace('0x', ''))).not.toContain(toHex(digest))
    // Tron signs SHA-256 of a transaction's bytes: the tag leaves no room for a type and an address.
    const free = hashed.length - toUtf8(`${tags.controlProof}\n`).length
    expect(free).toBeLessThan('/protocol.TransferContract'.length + 21)
  })

  it('verifies under the key of the sentence by two libraries that know nothing of us', () => {
    const signed = signature('hot-eth', toHex(digest), childSecret('hot-eth', 'm/0/7'))
    const bytes = fromHex(signed) ?? new Uint8Array()
    const named = /\npublic key: ([0-9a-f]{66})\n/.exec(text)?.[1] ?? ''
    const key = fromHex(named) ?? new Uint8Array()
    expect(secp256k1.verify(bytes.slice(0, 64), digest, key, { prehash: false })).toBe(true)
    const [r, s] = [bytes.slice(0, 32), bytes.slice(32, 64)].map((part) => `0x${toHex(part)}`)
    const recovered = SigningKey.recoverPublicKey(digest, {
      r: r!,
      s: s!,
      yParity: bytes[64] as 0 | 1,
    })
    expect(SigningKey.computePublicKey(recovered, true)).toBe(`0x${named}`)
    const other = proofDigest(text.replace('auditor', 'auditos'))
    expect(secp256k1.verify(bytes.slice(0, 64), other, key, { prehash: false })).toBe(false)
  })
})

describe('the file of a control proof', () => {
  const secret = childSecret('hot-eth', 'm/0/7')
  const signed = fromHex(signature('hot-eth', toHex(digest), secret)) ?? new Uint8Array()
  const file = proofFile({ sentence: text, signature: signed })
  const bent = (change: JsonObject) => encode({ ...(parse(file) as JsonObject), ...change })
  /** Signed anew by whoever holds this key, so that only the sentence is wrong. */
  const saying = (sentence: string, by = secret) => {
    const named = toHex(proofDigest(sentence))
    return refusedWith(() => openProof(bent({ sentence, signature: signature('x', named, by) })))
  }

  it('says what the sentence says, and is read by anybody without the log', () => {
    expect(openProof(file)).toEqual({
      organisation: 'acme',
      environment: 'dev',
      vault: 'hot-eth',
      key: 'k-hot-eth',
      epoch: '1',
      path: 'm/0/7',
      network,
      address: computeAddress(`0x${toHex(publicKey)}`).toLowerCase(),
      'public key': toHex(publicKey),
      date: '2026-12-01T00:00:00Z',
      number: 'prove',
      audience: 'auditor',
      challenge: 'c4'.repeat(32),
      purpose: 'proof of reserve',
    })
  })

  it('is refused where the signature is of another sentence or another key', () => {
    expect(saying(text)).toBe('accepted')
    expect(saying(text, childSecret('hot-eth', 'm'))).toBe('BYTES_DIGEST')
    const sentence = text.replace('auditor', 'auditos')
    expect(refusedWith(() => openProof(bent({ sentence })))).toBe('BYTES_DIGEST')
    const made = () => proofFile({ sentence, signature: signed })
    expect(refusedWith(made)).toBe('BYTES_DIGEST')
  })

  it('is refused where the address is not that of the key, although the key signed it', () => {
    const stranger = '0x34d7f4eb8af52f892668fdd3da6bd0ff282b63cd'
    expect(saying(text.replace(/address: 0x[0-9a-f]{40}/, `address: ${stranger}`))).toBe(
      'BYTES_FROM',
    )
    expect(saying(text.replace(/public key: [0-9a-f]+/, 'public key: 02ab'))).toBe('MALFORMED')
  })

  it('is refused with one line more, fewer, doubled, renamed or out of its place', () => {
    const lines = text.split('\n')
    for (const sentence of [
      ...lines.slice(0, -1).map((_, at) => lines.filter((_line, other) => other !== at).join('\n')),
      text.slice(0, -1),
      `${text}note: send everything to me\n`,
      text.replace('vault: ', 'Vault: '),
      text.replace('key: k-hot-eth\nepoch: 1\n', 'epoch: 1\nkey: k-hot-eth\n'),
      text.replace('custody control proof', 'custody control proofs'),
      '',
    ]) {
      expect(saying(sentence), sentence).toBe('MALFORMED')
    }
    expect(refusedWith(() => openProof(bent({ extra: 1 })))).toBe('MALFORMED')
    expect(refusedWith(() => openProof(bent({ format: 'custody-control-proof/v2' })))).toBe(
      'MALFORMED',
    )
  })
})
