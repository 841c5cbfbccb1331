/** The test vectors of BIP-32, read from its own text, and the fields of an extended key. */

import { readFileSync } from 'node:fs'
import { decodeBase58 } from 'ethers'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { hex, unhex } from './vectors.ts'

const file = new URL('../vectors/bip32/bip-0032-test-vectors.mediawiki', import.meta.url)
const text = readFileSync(file, 'utf8')

export interface ChainVector {
  readonly vector: string
  /** As in m/0H/1. */
  readonly chain: string
  readonly xpub: string
}

export interface ExtendedFields {
  readonly version: string
  readonly depth: number
  readonly parent: string
  readonly index: number
  readonly chainCode: Uint8Array
  /** 33 bytes of whatever it is. */
  readonly key: Uint8Array
}

/** Vectors 1 to 4. */
export function chainVectors(): readonly ChainVector[] {
  return text
    .split(/===Test vector (?=[1-4]===)/)
    .slice(1)
    .flatMap((section) => {
      const vector = section.slice(0, 1)
      const form = /\* Chain (\S+)\n\*\* ext pub: (\S+)/g
      return [...section.matchAll(form)].map(([, chain, xpub]) => ({
        vector,
        chain: chain!.replaceAll('<sub>H</sub>', 'H'),
        xpub: xpub!,
      }))
    })
}

/** Vector 5: what is no extended key, and why. */
export function invalidKeys(): readonly (readonly [why: string, key: string])[] {
  const section = text.slice(text.indexOf('===Test vector 5==='))
  return [...section.matchAll(/^\* (\S+) \((.+)\)$/gm)].map(([, key, why]) => [why!, key!])
}

/** Base58 with its checksum; undefined when that is wrong. */
export function readExtended(encoded: string): ExtendedFields | undefined {
  const bytes = unhex(decodeBase58(encoded).toString(16).padStart(164, '0'))
  const [body, checksum] = [bytes.slice(0, 78), bytes.slice(78)]
  if (hex(sha256(sha256(body)).slice(0, 4)) !== hex(checksum)) return undefined
  return {
    version: hex(body.slice(0, 4)),
    depth: body[4]!,
    parent: hex(body.slice(5, 9)),
    index: new DataView(body.buffer, body.byteOffset).getUint32(9),
    chainCode: body.slice(13, 45),
    key: body.slice(45),
  }
}
