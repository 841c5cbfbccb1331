// vault refresh, reshare, import, export, destroy, prove and node readmit: asking for a change of a
// key or between two nodes. What it names (epoch, key state, holders) is taken from the lines that
// the nodes signed, never from what a coordinator says of them; it is rendered here before it is
// signed. Asking changes nothing: people approve it, nodes judge it, a line puts it into effect.
import { readFileSync } from 'node:fs'
import {
  type Asked,
  type Change,
  encodeChange,
  everyVault,
  type FirstNonce,
  parseChange,
} from '../policy/change.ts'
import { requireFit } from '../policy/change-fit.ts'
import { requireDealingOf, termsOfDealing } from '../policy/dealing.ts'
import { displayChange } from '../policy/display-change.ts'
import { durationMs } from '../policy/units.ts'
import type { VaultRow } from '../policy/view.ts'
import { toHex } from '../proto/crypto.ts'
import { parseRecipientKey } from '../proto/export-documents.ts'
import { writeSigned } from '../proto/frames.ts'
import {
  type NodeId,
  parseHandle,
  parseNodeId,
  parsePersonId,
  parseVaultId,
  type VaultId,
} from '../proto/ids.ts'
import { parseDealing } from '../proto/import-documents.ts'
import { refuse } from '../proto/refusal.ts'
import { hex } from '../proto/shape.ts'
import { sign } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { openKey } from './approver-key.ts'
import { atDesk, type Desk, waitMs } from './desk.ts'
import { keyOptions, profileOptions } from './profile.ts'
import { requestAnswer } from './submit.ts'
import { keyInForce, vaultCreate as makeKey } from './vault.ts'
import {
  type Answer,
  type Args,
  flag,
  must,
  required,
  UsageError,
  type Verb,
  type World,
  word,
} from './verb.ts'

export const asking = '--purpose TEXT [--id KEY] [--valid 48h] [--wait SECONDS] [--as DIR]'
export const askingOptions = {
  ...profileOptions,
  ...keyOptions,
  purpose: { type: 'string' },
  id: { type: 'string' },
  valid: { type: 'string' },
  wait: { type: 'string' },
} as const

/** What one verb adds to what all changes say. */
type Terms = (args: Args, desk: Desk, row: VaultRow | undefined) => (asked: Asked) => Change

const askForKey = verb('', '', () => (asked) => ({ ...asked, op: 'key.create', terms: {} }))

/** A first key needs nobody's approval; who wants it in the log that people agreed, asks for it. */
export const vaultCreate: Verb = {
  ...makeKey,
  usage: `${makeKey.usage}\n  custody vault create VAULT ${asking}`,
  about: `${makeKey.about}; with --purpose, people approve it first`,
  options: askForKey.options,
  run: (args, world) =>
    flag(args, 'purpose') === undefined ? makeKey.run(args, world) : askForKey.run(args, world),
}

export const vaultRefresh = verb(
  'give all holders new shares of the same key',
  '',
  (_, __, row) => {
    const { epoch, keyState } = keyed(row)
    return (asked) => ({ ...asked, op: 'key.refresh', terms: { epoch, keyState } })
  },
)

export const vaultReshare = verb(
  'deal the key anew to all nodes of the root',
  '--dealers NODE,NODE',
  (args, desk, row) => {
    const { epoch: from, keyState } = keyed(row)
    const { nodes, quorumCrypto } = desk.ruleset.root
    const participants = [...nodes].sort((a, b) => a.x - b.x).map(({ node, x }) => ({ node, x }))
    const dealers = dealersOf(required(args, 'dealers'), keyed(row))
    const terms = { from, keyState, dealers, participants, t: quorumCrypto.t }
    return (asked) => ({ ...asked, op: 'key.reshare', terms })
  },
  { dealers: { type: 'string' } },
)

export const vaultImport = verb(
  'bring in a key from outside, dealt by its holder',
  '--dealing FILE [--nonces m=57,m/0/3=4]',
  (args) => {
    const dealt = termsOfDealing(parseDealing(dealingOf(args)))
    const said = flag(args, 'nonces')
    const terms = said === undefined ? dealt : { ...dealt, nonces: noncesOf(said) }
    return (asked) => ({ ...asked, op: 'key.import', terms })
  },
  { dealing: { type: 'string' }, nonces: { type: 'string' } },
)

export const vaultExport = verb(
  'let the whole key leave the house, sealed to one recipient',
  '--recipient FILE|HEX',
  (args, desk, row) => {
    const recipient = recipientOf(required(args, 'recipient'), desk)
    const { keyState } = keyed(row)
    return (asked) => ({ ...asked, op: 'key.export', terms: { recipient, keyState } })
  },
  { recipient: { type: 'string' } },
)

export const vaultDestroy = verb('destroy every share of a key, for ever', '', (_, __, row) => {
  const { epoch, keyState } = keyed(row)
  return (asked) => ({ ...asked, op: 'key.destroy', terms: { epoch, keyState } })
})

export const vaultProve = verb(
  'sign a sentence that shows who holds the key, and moves nothing',
  '--audience TEXT [--challenge HEX] [--path m/0/7]',
  (args, _, row) => {
    const { epoch, keyState } = keyed(row)
    const audience = required(args, 'audience')
    const challenge = hex(32, true)(flag(args, 'challenge') ?? '', 'challenge')
    const path = flag(args, 'path') ?? 'm'
    const terms = { epoch, keyState, path, audience, challenge }
    return (asked) => ({ ...asked, op: 'key.prove', terms })
  },
  { audience: { type: 'string' }, challenge: { type: 'string' }, path: { type: 'string' } },
)

export const nodeReadmit: Verb = {
  about: 'let a node trust a peer again that it has banned',
  usage: `NODE PEER ${asking}`,
  words: { min: 2, max: 2 },
  options: askingOptions,
  run: (args, world) =>
    atDesk(args, world, ['caller'], (desk) => {
      const [node, peer] = [parseNodeId(word(args, 0)), parseNodeId(word(args, 1))]
      const made = (asked: Asked): Change => ({
        ...asked,
        op: 'peer.readmit',
        terms: { node, peer },
      })
      return ask({ vault: parseVaultId(everyVault), row: undefined, made }, args, desk, world)
    }),
}

function verb(about: string, more: string, terms: Terms, added: Verb['options'] = {}): Verb {
  return {
    about,
    usage: ['VAULT', more, asking].filter((part) => part !== '').join(' '),
    words: { min: 1, max: 1 },
    options: { ...askingOptions, ...added },
    run: (args, world) =>
      atDesk(args, world, ['caller'], async (desk) => {
        const vault = parseVaultId(word(args, 0))
        const row = await keyInForce(vault, desk)
        return ask({ vault, row, made: terms(args, desk, row) }, args, desk, world)
      }),
  }
}

export interface Asking {
  readonly vault: VaultId
  readonly row: VaultRow | undefined
  readonly made: (asked: Asked) => Change
  /** What goes with the request. */
  readonly documents?: readonly { readonly kind: string; readonly content: Uint8Array }[]
}

export async function ask(
  { vault, row, made, documents: given = [] }: Asking,
  args: Args,
  desk: Desk,
  world: World,
): Promise<Answer> {
  const patienceMs = args.flags['wait'] === undefined ? 0 : waitMs(args)
  const bytes = encodeChange(made(askedFor(vault, args, desk, world)))
  const { root, rulebook } = desk.ruleset
  // What we would not read ourselves is not signed.
  const { change, digest: id } = parseChange(bytes)
  const documents = [...documentsOf(change, args), ...given]
  // Nobody is asked for what everybody would refuse, and here is the place to say why.
  requireFit(change, { root, rulebook, row })
  world.say(displayChange(change, { rulebook, row }))
  const key = await openKey(desk.profile, args, world)
  const signed = sign(tags.intent, bytes, key.credential, key.sign)
  const { SigningService } = desk.client
  let { request } = must(
    await SigningService.SubmitIntent({ intent: writeSigned(signed), documents }),
  )
  const until = world.nowMs() + patienceMs
  while (request && !isOver(request.state) && world.nowMs() < until) {
    await world.pause(pollMs)
    ;({ request } = must(await SigningService.GetRequest({ id, initiator: '', callerId: '' })))
  }
  const answer = requestAnswer(request)
  const next = nextOf(request?.state ?? '', id, change.op)
  return { ...answer, text: `${answer.text}${next}`, json: { ...answer.json, next } }
}

/** What an import is carried out with: it goes with the request, and is the one that was named. */
function documentsOf(change: Change, args: Args) {
  if (change.op !== 'key.import') return []
  const content = dealingOf(args)
  requireDealingOf(change, parseDealing(content))
  return [{ kind: 'dealing', content }]
}

function dealingOf(args: Args): Uint8Array {
  return new Uint8Array(readFileSync(required(args, 'dealing')))
}

const pollMs = 500

function isOver(state: string): boolean {
  return ['ACTIVE', 'DENIED', 'REJECTED', 'CANCELLED', 'EXPIRED'].includes(state)
}

function nextOf(state: string, id: string, op: Change['op']): string {
  if (state === 'ACTIVE' && op === 'key.prove') {
    return `  it is signed; write it out with: custody vault proof ${id} --out FILE\n`
  }
  if (state === 'ACTIVE') return '  the coordinator says that it is in force; the log proves it\n'
  if (isOver(state)) return '  nothing was changed\n'
  return `  people decide with: custody approve ${id}\n  look again with: custody status ${id}\n`
}

function askedFor(vault: VaultId, args: Args, { profile }: Desk, world: World): Asked {
  const created = Math.floor(world.nowMs() / 1_000) * 1_000
  return {
    org: profile.org,
    env: profile.env,
    id: parseHandle(flag(args, 'id') ?? `cli-${toHex(world.random(12))}`, 'id'),
    created,
    notAfter: created + durationMs(flag(args, 'valid') ?? '48h', 'valid'),
    initiator: parsePersonId(profile.id),
    vault,
    purpose: required(args, 'purpose'),
  }
}

/** The public document that the recipient made, or its key as the recipient reads it out. */
function recipientOf(typed: string, { profile }: Desk): Uint8Array {
  if (/^[0-9a-f]{64}$/.test(typed)) return hex(32)(typed, 'recipient')
  const { org, env, seal } = parseRecipientKey(readFileSync(typed))
  if (org === profile.org && env === profile.env) return seal
  return refuse('CONFIG', `${typed}: a recipient's key of ${org} ${env}`)
}

/** In the order of their paths, however they were typed. */
function noncesOf(typed: string): readonly FirstNonce[] {
  const nonces = typed.split(',').map((one) => {
    const [, path = '', next = ''] = /^(m[0-9/]*)=([1-9][0-9]{0,15})$/.exec(one) ?? []
    if (next === '') {
      throw new UsageError(`--nonces: expected PATH=NONCE, each above nothing, got ${one}`)
    }
    return { path, next: Number(next) }
  })
  return nonces.sort((a, b) => (a.path < b.path ? -1 : 1))
}

function keyed(row: VaultRow | undefined): VaultRow {
  return row ?? refuse('VAULT_NOT_FOUND', 'the vault has no key yet')
}

/** In the order of their x, however they were typed. */
function dealersOf(typed: string, row: VaultRow): readonly NodeId[] {
  const named = new Set(typed.split(',').map((name) => parseNodeId(name)))
  const dealers = row.participants.filter(({ node }) => named.has(node))
  if (dealers.length !== named.size) throw new UsageError('--dealers: expected holders of the key')
  return dealers.map(({ node }) => node)
}
