// A ceremony of three stations on paper: seats, tokens with keys that a test knows, and a writer of
// lines that are signed by whoever the line says, unless a test asks for something else.
import { p256 } from '@noble/curves/nist.js'
import type { Role } from '../../policy/ceremony/people.ts'
import {
  type Actor,
  type RecordDraft,
  type RecordLine,
  signedLine,
} from '../../policy/ceremony/record.ts'
import type { RecordType } from '../../policy/ceremony/record-bodies.ts'
import {
  beginRecord,
  draftLine,
  follow,
  type RecordState,
} from '../../policy/ceremony/record-chain.ts'
import type { Seats, StationSeat } from '../../policy/ceremony/record-seats.ts'
import { concat, sha256, toUtf8 } from '../../proto/crypto.ts'
import { parseDigest, parseNodeId, parsePersonId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { secretOf } from './token-card.ts'

export const digestOfName = (name: string) =>
  parseDigest(Buffer.from(sha256(toUtf8(name))).toString('hex'))

export const tokenKey = (name: string): Uint8Array => p256.getPublicKey(secretOf(name), false)

export const actor = (named: string): Actor => {
  const [role = '', person = ''] = named.split('/')
  return { role: role as Role, person: parsePersonId(person) }
}

export const stationSeat = (number: number, custodian: string): StationSeat => ({
  node: parseNodeId(`station-${number}`),
  custodian: parsePersonId(custodian),
  keys: [tokenKey(`${custodian} daily`), tokenKey(`${custodian} spare`)],
})

export const everyone = [
  ...['administrator/adam', 'second/sue', 'recorder/rita', 'witness/will', 'auditor/olga'],
  ...['custodian/ana', 'custodian/ben', 'custodian/cleo', 'controller/carl', 'controller/cora'],
]

export const seats: Seats = {
  plan: digestOfName('plan'),
  env: 'test',
  kind: 'sign',
  bundle: digestOfName('bundle'),
  persons: everyone.map(actor),
  stations: [stationSeat(1, 'ana'), stationSeat(2, 'ben'), stationSeat(3, 'cleo')],
  recorderKeys: [tokenKey('rita daily')],
}

export interface Said {
  readonly by: string
  readonly type: RecordType
  readonly body: JsonObject
  readonly step?: string
  /** Seconds since the ceremony began. */
  readonly at?: number
  /** Name of the token that signs, where it is not the right one. */
  readonly token?: string
}

export const began = Date.parse('2026-12-07T09:00:00Z')

export const genesisBody = (of: Seats = seats): JsonObject => ({
  bundle: of.bundle,
  checkpoint:
    of.kind === 'enrolment' ? { root: '', size: 0 } : { root: digestOfName('head'), size: 41 },
  env: of.env,
  kind: of.kind,
  plan: of.plan,
})

/** The custodian's daily token, or the recorder's. */
export function tokenOf(by: string): string {
  return by.startsWith('custodian/') ? `${by.slice(10)} daily` : 'rita daily'
}

/** One line as the token that `said` names would sign it, lawful or not. */
export function lineOf(state: RecordState, said: Said): Uint8Array {
  const { by, type, body, step = 'O-1', at = state.size, token = tokenOf(by) } = said
  const draft: RecordDraft = { actor: actor(by), type, body, step, t: began + 1000 * at }
  const unsigned = draftLine(state, draft, tokenKey(token))
  return signedLine(unsigned, p256.sign(unsigned.message, secretOf(token)))
}

export class Scribe {
  state: RecordState
  readonly lines: RecordLine[] = []

  constructor(of: Seats = seats) {
    this.state = beginRecord(of)
  }

  say(said: Said): this {
    const next = follow(this.state, lineOf(this.state, said))
    this.state = next.state
    this.lines.push(next.line)
    return this
  }

  open(persons: readonly string[] = everyone): this {
    this.say({ by: 'recorder/rita', type: 'record.genesis', body: genesisBody(this.state.seats) })
    for (const one of persons) this.came(one)
    return this
  }

  came(named: string): this {
    const { role, person } = actor(named)
    const body = { how: 'document', person, role }
    return this.say({ by: 'recorder/rita', type: 'person.present', step: 'O-2', body })
  }

  close(results = digestOfName('results')): this {
    const body = { exceptions: this.state.exceptions, results }
    return this.say({ by: 'recorder/rita', type: 'record.closed', step: 'C-2', body })
  }

  file(): Uint8Array {
    return fileOf(this.lines.map(({ bytes }) => bytes))
  }
}

export function fileOf(lines: readonly Uint8Array[]): Uint8Array {
  return concat(...lines.flatMap((line) => [line, Uint8Array.of(0x0a)]))
}
