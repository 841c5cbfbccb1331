// The trust file of a verifier: what an auditor pins, written by hand or copied on paper, and never
// taken from whoever is audited. One statement a line, `#` begins a comment:
// The root is the first one of the log, and the witnesses and quorum are its own: later roots are
// proved from it, by the signatures of the quorum before, so this file stays as it is.
//   root <digest> · log <origin> <vkey> · witness <vkey> · quorum <q>
// An unknown word, a second root, log or quorum, or a key of the wrong role is a refusal.
import { equalBytes, toHex } from '../proto/crypto.ts'
import { type Digest, type Handle, parseDigest, parseHandle } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { formatVkey, parseVkey, type Vkey, type VkeyRole } from './audit/checkpoint.ts'

export interface Trust {
  readonly root: Digest
  readonly log: { readonly origin: Handle; readonly vkey: Vkey }
  readonly witnesses: readonly Vkey[]
  /** Cosignatures that a head must carry. */
  readonly q: number
}

const lineForm = /^(root|log|witness|quorum)(?: ([^ ]+))(?: ([^ ]+))?$/
const numberForm = /^[1-9][0-9]?$/

export function parseTrust(written: string): Trust {
  const said = written.split('\n').flatMap(statement)
  const [root] = only(said, 'root')
  const [origin, key] = only(said, 'log')
  const [q = ''] = only(said, 'quorum')
  const witnesses = said
    .filter((item) => item.word === 'witness')
    .map((item) => vkey(single(item), 'witness'))
  requireWitnesses(witnesses, q)
  const log = { origin: parseHandle(origin, 'log'), vkey: vkey(key ?? '', 'log') }
  if (witnesses.some((item) => equalBytes(item.publicKey, log.vkey.publicKey))) {
    refuse('MALFORMED', 'witness: expected another key than that of the log')
  }
  if (log.vkey.name !== log.origin) refuse('MALFORMED', 'log: expected a vkey named as the origin')
  return { root: parseDigest(root, 'root'), log, witnesses, q: Number(q) }
}

export function trustText({ root, log, witnesses, q }: Trust): string {
  const lines = [
    '# What this verifier believes. Obtain it from the organisation by another way than the log.',
    `root ${root}`,
    `log ${log.origin} ${formatVkey(log.vkey)}`,
    ...witnesses.map((key) => `witness ${formatVkey(key)}`),
    `quorum ${q}`,
  ]
  return `${lines.join('\n')}\n`
}

interface Statement {
  readonly word: string
  readonly values: readonly [string, string?]
  readonly line: number
}

function statement(line: string, index: number): readonly Statement[] {
  const bare = line.replace(/(?:^| )#.*$/, '').trim()
  if (bare === '') return []
  const [, word = '', first = '', second] = lineForm.exec(bare) ?? []
  if (word === '') refuse('MALFORMED', `line ${index + 1}: expected root, log, witness or quorum`)
  return [{ word, values: second === undefined ? [first] : [first, second], line: index + 1 }]
}

function only(said: readonly Statement[], word: string): readonly [string, string?] {
  const [found, ...more] = said.filter((item) => item.word === word)
  if (found === undefined || more.length > 0) {
    return refuse('MALFORMED', `expected one line ${word}, got ${more.length + (found ? 1 : 0)}`)
  }
  if (word !== 'log') single(found)
  return found.values
}

function single({ word, values, line }: Statement): string {
  const [value, more] = values
  return more === undefined ? value : refuse('MALFORMED', `line ${line}: one value for ${word}`)
}

function vkey(written: string, role: VkeyRole): Vkey {
  const key = parseVkey(written)
  return key.role === role ? key : refuse('MALFORMED', `expected a ${role} key, got ${key.role}`)
}

function requireWitnesses(witnesses: readonly Vkey[], q: string): void {
  if (witnesses.length > limits.witnessesMax) refuse('MALFORMED', 'too many witnesses')
  // One key under two names would cosign twice.
  for (const name of ['name', 'key'] as const) {
    const seen = new Set(
      witnesses.map((key) => (name === 'name' ? key.name : toHex(key.publicKey))),
    )
    if (seen.size !== witnesses.length) refuse('MALFORMED', `a witness ${name} stands twice`)
  }
  if (!numberForm.test(q) || Number(q) > witnesses.length) {
    refuse('MALFORMED', `quorum: expected 1 to ${witnesses.length}, got ${q}`)
  }
}
