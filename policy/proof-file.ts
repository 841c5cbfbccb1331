// The file of a control proof: the sentence and the signature, as a stranger gets them. Whoever
// holds it can check it without the log, and with any library: the sentence names the key and its
// address, and the digest is two SHA-256. What it cannot say is whose address it is: that is for
// the reader to compare with the coins, and for the log to prove.
// INVARIANT: strict; every line of the sentence in its place, the address computed anew.
import { fromHex, toHex } from '../proto/crypto.ts'
import { encode, parse } from '../proto/jcs.ts'
import { refuse } from '../proto/refusal.ts'
import { hex, literal, object, text } from '../proto/shape.ts'
import { chainOf } from './chain/chains.ts'
import { parseSignature, verifies } from './chain/signature.ts'
import { proofDigest, proofTitle } from './control-proof.ts'

export interface ProofFile {
  readonly sentence: string
  /** r, s and v, 65 bytes. */
  readonly signature: Uint8Array
}

/** What the sentence says, by the names of its lines. */
export type ProofSaid = Readonly<Record<(typeof names)[number], string>>

export function proofFile({ sentence, signature }: ProofFile): Uint8Array {
  const bytes = encode({ format, sentence, signature: toHex(signature) })
  openProof(bytes)
  return bytes
}

/** What it says, once everything in it holds. */
export function openProof(bytes: Uint8Array): ProofSaid {
  const { sentence, signature } = shape(parse(bytes, bytesMax), '')
  const said = readSentence(sentence)
  const publicKey = fromHex(said['public key']) ?? new Uint8Array()
  const address = chainOf(said.network).address(publicKey)
  if (said.address !== address) {
    refuse('BYTES_FROM', `address: expected that of the key, ${address}, got ${said.address}`)
  }
  if (!verifies(parseSignature(signature), proofDigest(sentence), publicKey)) {
    refuse('BYTES_DIGEST', 'the key of this address did not sign this sentence')
  }
  return said
}

const format = 'custody-control-proof/v1'
const bytesMax = 4_096

const shape = object({
  format: literal(format),
  sentence: text(2_048, /^[\n -~]+$/),
  signature: hex(65),
})

const names = [
  'organisation',
  'environment',
  'vault',
  'key',
  'epoch',
  'path',
  'network',
  'address',
  'public key',
  'date',
  'number',
  'audience',
  'challenge',
  'purpose',
] as const

function readSentence(sentence: string): ProofSaid {
  const [title, ...lines] = sentence.split('\n')
  const values = names.map((name, at) => {
    const [, value] = new RegExp(`^${name}: (.+)$`).exec(lines[at] ?? '') ?? []
    return [name, value ?? refuse('MALFORMED', `sentence: expected a line ${name}`)] as const
  })
  if (title !== proofTitle || lines.length !== names.length + 1 || lines.at(-1) !== '') {
    refuse('MALFORMED', 'expected the sentence of a control proof and nothing else')
  }
  // Every name has its value.
  return Object.fromEntries(values) as ProofSaid
}
