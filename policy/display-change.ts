// The text that people approve for a change: what happens to which key, at which address, who holds
// it afterwards, from which epoch. Rendered by everybody from the signed change and the own copy of
// the key's row, never from what a program says about them; its digest stands in every approval.
// Changing one byte here voids every approval in flight: the vectors are in the tests.
import { toHex } from '../proto/crypto.ts'
import type { VaultId } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { writeTime } from '../proto/shape.ts'
import { chainOf, networkTitle } from './chain/chains.ts'
import type { CeremonyKind, Change, ChangeOp, Member, TermsOf } from './change.ts'
import { controlProof } from './control-proof.ts'
import { peopleIn } from './display.ts'
import { sectionOf } from './judge-change.ts'
import { networkOf, type Rulebook } from './rulebook.ts'
import { writeDuration } from './units.ts'
import type { VaultRow } from './view.ts'

export interface Shown {
  readonly rulebook: Rulebook
  /** The key in force, from the own copy of the log; undefined where there is none. */
  readonly row: VaultRow | undefined
}

type Line = readonly [label: string, value: string]

/** Ends with a newline. */
export function displayChange(change: Change, shown: Shown): string {
  const { rule, require, delayMs } = sectionOf(change.op, shown.rulebook)
  const lines: readonly Line[] = [
    ['CHANGE', titles[change.op]],
    ...subjectLines(change, shown),
    ['PURPOSE', change.purpose],
    ['ASKED BY', change.initiator],
    ['RULE', `${rule} (${peopleIn(require)})`],
    ['DELAY', `${writeDuration(delayMs)} from the record of the request`],
    ['EXPIRES', writeTime(change.notAfter)],
  ]
  return lines.map(([label, value]) => `${label.padEnd(10)}${value}\n`).join('')
}

const titles: { readonly [K in ChangeOp]: string } = {
  'key.create': 'make a new key',
  'key.refresh': 'refresh the shares of a key',
  'key.reshare': 'deal a key to new holders',
  'key.import': 'bring in a key from outside',
  'key.export': 'EXPORT A WHOLE KEY',
  'key.destroy': 'DESTROY A KEY FOR EVER',
  'key.prove': 'sign a proof of control',
  'peer.readmit': 'let a node trust a banned peer again',
  'ceremony.plan': 'hold a ceremony',
}

function subjectLines(change: Change, shown: Shown): readonly Line[] {
  switch (change.op) {
    case 'peer.readmit':
      return peerLines(change.terms)
    case 'ceremony.plan':
      return ceremonyLines(change.terms, shown)
    default:
      return vaultLines(change, shown)
  }
}

function peerLines({ node, peer }: TermsOf['peer.readmit']): readonly Line[] {
  return [
    ['NODE', `${node} lifts its ban`],
    ['PEER', peer],
    ['', 'a ban means that the peer was caught deviating: be sure that its machine is clean'],
  ]
}

const kindTitles: { readonly [K in CeremonyKind]: string } = {
  genesis: 'stations make new keys',
  sign: 'stations sign',
  reshare: 'stations deal keys anew',
  drill: 'stations prove what they hold; nothing is paid and no key changes',
}

/** Whoever approves reads the plan itself by its digest, and every request by its own. */
function ceremonyLines(
  { plan, kind, vaults, requests, from, until }: TermsOf['ceremony.plan'],
  { rulebook }: Shown,
): readonly Line[] {
  return [
    ['KIND', `${kind}: ${kindTitles[kind]}`],
    ['PLAN', plan],
    ...vaults.map((vault): Line => ['VAULT', coldWords(vault, rulebook)]),
    ...requests.map((request): Line => ['REQUEST', request]),
    ['FROM', writeTime(from)],
    ['UNTIL', `${writeTime(until)}; not ended by then, its vaults are frozen`],
  ]
}

function coldWords(vault: VaultId, rulebook: Rulebook): string {
  const known = rulebook.vaults.get(vault)
  if (known === undefined) return refuse('DISPLAY', `the policy knows no vault ${vault}`)
  return `${vault} (${known.tier}, key ${known.key})`
}

type OfVault = Exclude<Change, { op: 'peer.readmit' | 'ceremony.plan' }>

function vaultLines(change: OfVault, shown: Shown): readonly Line[] {
  const { rulebook } = shown
  const known = rulebook.vaults.get(change.vault)
  const network = networkOf(rulebook, change.vault)
  if (known === undefined || network === undefined) {
    return refuse('DISPLAY', `the policy knows no vault ${change.vault}`)
  }
  return [
    ['VAULT', `${change.vault} (${known.tier}, key ${known.key})`],
    ['ON', networkTitle(network.caip2)],
    ...keyLines(change, network.caip2, shown.row),
    ...termLines(change, shown),
    ...proofLines(change, network.caip2, shown.row),
  ]
}

/** The address that stays, comes or goes: of the key in force, or of the one that is brought in. */
function keyLines(change: Change, network: string, row: VaultRow | undefined): readonly Line[] {
  const address = (publicKey: Uint8Array): Line => ['ADDRESS', chainOf(network).address(publicKey)]
  if (change.op === 'key.import') return [address(change.terms.publicKey)]
  if (change.op === 'key.create') return []
  if (row === undefined) return refuse('DISPLAY', `vault ${change.vault} has no key`)
  return [address(row.publicKey), ['HELD BY', `${holders(row)}, epoch ${row.epoch}`]]
}

function termLines(change: OfVault, { rulebook }: Shown): readonly Line[] {
  switch (change.op) {
    case 'key.create':
      return [['HOLDERS', `${rulebook.quorumCrypto.t} of all ${rulebook.quorumCrypto.n} nodes`]]
    case 'key.refresh':
      return [['', 'same key, same holders, same address; old shares become worthless']]
    case 'key.reshare':
      return [
        ['DEALERS', change.terms.dealers.join(', ')],
        ['HOLDERS', holders(change.terms)],
        ['', 'same key, same address; from then on the holders above sign, and nobody else'],
      ]
    case 'key.import':
      return [
        ['PUBLIC KEY', ''],
        ['', toHex(change.terms.publicKey)],
        ['CHAIN CODE', ''],
        ['', toHex(change.terms.chainCode)],
        ['DEALING', change.terms.commitments],
        ...(change.terms.nonces ?? []).map(
          ({ path, next }): Line => ['NONCE', `${path} goes on at ${next}: it signed before`],
        ),
        ['WARNING', 'whoever had this key before may still have it: nobody here can know'],
      ]
    case 'key.export':
      return [
        ['RECIPIENT', toHex(change.terms.recipient)],
        ['KEY STATE', change.terms.keyState],
        ['WARNING', 'THE KEY LEAVES THE HOUSE: whoever holds the recipient key takes everything'],
        ['', 'at this address and at every address derived from it; the vault signs no more'],
      ]
    case 'key.destroy':
      return [
        ['KEY STATE', change.terms.keyState],
        ['WARNING', 'WHATEVER LIES AT THIS ADDRESS IS LOST FOR EVER: empty it first'],
      ]
    case 'key.prove':
      return [
        ['KEY STATE', change.terms.keyState],
        ['SIGNS', 'exactly the lines below: a sentence that moves nothing'],
      ]
  }
}

/** The whole sentence: what is shown is what the key signs. */
function proofLines(change: Change, network: string, row: VaultRow | undefined): readonly Line[] {
  if (change.op !== 'key.prove' || row === undefined) return []
  const { text } = controlProof(change, row, network)
  return text.split('\n').flatMap((line) => (line === '' ? [] : [['', line] as const]))
}

function holders({
  t,
  participants,
}: {
  readonly t: number
  readonly participants: readonly Member[]
}) {
  return `${t} of ${participants.map(({ node, x }) => `${node} (${x})`).join(', ')}`
}
