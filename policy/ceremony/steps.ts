// Step: one act of a ceremony as data. What is said aloud, what is done, what everybody must then
// see; who does it, for whom it is repeated, which machine does what, and which lines of the Record
// it leaves. The scripts beside this file are lists of such steps: they are printed and read by
// people, walked by the stations, and asked for by whoever judges a Record.
// INVARIANT: machines know the acts of `acts` and no others; none of them takes or gives a secret.
// Source: docs/ceremony.md, which is printed from these steps.
import type { Role } from './people.ts'
import type { CeremonyKind } from './plan.ts'
import type { RecordType, readings } from './record-bodies.ts'

/** What a machine can be told to do, in the words of the table below. */
export const acts = [
  'begin-record',
  'doctor',
  'open-bundle',
  'check-log',
  'probe',
  'init',
  'enrol',
  'station-keys',
  'show-roster',
  'dice',
  'keygen',
  'reshare',
  'seal',
  'test-daily',
  'test-spare',
  'finish',
  'show-addresses',
  'show-request',
  'confirm-request',
  'draw-signers',
  'sign',
  'prove',
  'check-signature',
  'wipe',
  'destroy-seal',
  'close-record',
  'statement',
  'write-bundle',
] as const
export type Act = (typeof acts)[number]

/** What each act is: a machine that does less or more than this is not ours. */
export const actMeaning: Readonly<Record<Act, string>> = {
  'begin-record': 'starts the Record with its first line: plan, Bundle in, online checkpoint',
  doctor: "X-1 to X-5; then asks for the PIN, and the token opens the station's own keys",
  'open-bundle': 'reads the Bundle from a read-only medium, joins the table',
  'check-log': 'reads the whole log of the origin, compares it with the Floor in the token',
  probe: 'tries each operation of a token for real and finds its profile',
  init: 'wipes a token and sets its two PINs, typed by its custodian',
  enrol: 'makes both key pairs inside the token, reads attributes back, writes its card',
  'station-keys': "makes the station's own keys, seals them to both tokens, writes its card",
  'show-roster': 'shows every station, with its keys, as the root or the new cards have them',
  dice: 'takes rolls of dice, typed twice, as one more source of randomness',
  keygen: 'makes the key with all others: commit, reveal, seal, confirm',
  reshare: 'deals new shares of the same key, or takes them: a refresh too',
  seal: 'seals the keyshare to both tokens on medium A and medium B, reads each back',
  'test-daily': 'opens the Seals with the daily token, compares the share with its public point',
  'test-spare': 'opens the Seals with the spare token, compares the share with its public point',
  finish: 'keeps the certificate of all, writes the Floor, wipes the share from memory',
  'show-addresses': 'derives the addresses of the new key and shows them in full',
  'show-request': 'decodes and judges the request by the own rulebook, roster and log; shows it',
  'confirm-request': 'takes what was read as typed text, opens the keyshare by token and PIN',
  'draw-signers': 'draws the signers by lot from the stations that confirmed',
  sign: 'pairs, prepares and signs with the other signers',
  prove: 'as sign, over the sentence of a control proof, which is no transaction',
  'check-signature': 'verifies the signature, decodes what was signed back to the request',
  wipe: 'wipes the keyshare, logs out of the token, writes the Floor',
  'destroy-seal': 'destroys Seals of epochs that the log has left',
  'close-record': 'writes the last line, and the manifest of what is carried out',
  statement: 'asks its person to agree or not, and signs that',
  'write-bundle': 'writes the Bundle out, with all Statements, to two media; reads both back',
}

/** For what a step is repeated. Of nested ones the outer stands first. */
export type Each =
  | 'person'
  | 'vault'
  | 'request'
  /** Every station that is called. */
  | 'station'
  /** The t that were drawn. */
  | 'signer'
  /** Of a reshare: who holds an old share and came; who holds a new one; who comes anew. */
  | 'dealer'
  | 'holder'
  | 'newcomer'
  /** Daily, then spare. */
  | 'token'

/**
 * Which machines do it: the station of the turn, one after the other; or at once, when the first
 * turn begins, all that are called, those that were drawn, or these and the Record station.
 */
export type Machines = 'turn' | 'called' | 'signers' | 'record' | 'all'

/** Words that stand for a digest: 16 where it commits, 8 from hand to hand. */
export interface SpokenWords {
  readonly what: (typeof readings)[number]
  readonly count: 8 | 16
}

/** What must be so for the step to be played. */
export type Condition = 'cards' | 'scenario' | 'call-back' | 'main-log'

export interface Step {
  /** Unique over all scripts: `G-4`. */
  readonly id: string
  readonly who: Role | 'everyone'
  /** Read aloud; empty where nobody speaks. `{purpose}` is of the plan, `__` said in the room. */
  readonly say: string
  readonly do: string
  /** What must be seen before the next step, and by whom. */
  readonly witness: string
  /** Empty: once. */
  readonly each: readonly Each[]
  /** In this order; empty where people act alone. */
  readonly acts: readonly Act[]
  readonly at?: Machines
  /** Each turn leaves a line of each of these. */
  readonly records: readonly RecordType[]
  /** A turn may leave more than one line of a type. */
  readonly isMany?: true
  /** May be left out; everything else is done. */
  readonly isOptional?: true
  readonly words?: SpokenWords
  readonly when?: Condition
  /** Its line notes which scenario was drawn, and what that takes: `drawn.ts`. */
  readonly draws?: true
  /** Kinds of ceremony whose script leaves it out. */
  readonly not?: readonly CeremonyKind[]
  /** Before or after the sitting, elsewhere: it leaves no line in the Record. */
  readonly isOnline?: true
  /** Of one turn, as practised; for whoever books the room. */
  readonly minutes: number
}

/** Lines that any step may leave, however it ends. */
export const anytime: readonly RecordType[] = [
  'exception',
  'person.left',
  'person.present',
  'session.aborted',
]

/** What is done when something goes otherwise; printed behind the steps. */
export interface Otherwise {
  readonly id: string
  readonly when: string
  readonly do: string
}
