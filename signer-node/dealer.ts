// custody-signer deal-import: the program of whoever brings a key in, on a machine without a
// network. It pins the root, checks that every invitation is signed by the node that the root
// names, takes the private key, shows what it belongs to, asks, and writes the dealing.
//   custody-signer deal-import --root FILE --pin DIGEST --invitations FILE --out FILE
//     [--chain-code HEX] [--key-credential FILE | --key-fd N] [--expect-public-key HEX]
// Without a source the key is typed at the terminal, unseen, and so is the yes.
// INVARIANT: the key comes from a terminal, a file of the owner alone or a descriptor, never from
// an argument or the environment; it is wiped, and stands in no file, line or answer.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { addressesOf } from '../policy/chain/chains.ts'
import { parseRoot, type Root } from '../policy/documents.ts'
import { fromHex, toHex } from '../proto/crypto.ts'
import { parseDigest } from '../proto/ids.ts'
import {
  dealingDocument,
  type Invitation,
  openInvitations,
  parseInvitations,
} from '../proto/import-documents.ts'
import { refuse } from '../proto/refusal.ts'
import { hex } from '../proto/shape.ts'
import type { Opened } from '../proto/signed.ts'
import type { Command } from './command.ts'
import { readWords, text } from './commands-words.ts'
import { deal, parseKey, publicKeyOf } from './deal-import.ts'
import type { Curve } from './dkls23/curve.ts'
import { Secret } from './dkls23/secret.ts'
import { readPassphrase } from './places.ts'
import type { Random } from './ports.ts'
import type { Terminal } from './terminal.ts'

export interface DealerWorld {
  readonly random: Random
  readonly curve: Curve
  /** Opened when something has to be asked; undefined where there is none. */
  readonly terminal: () => Terminal | undefined
}

const options = {
  root: text,
  pin: text,
  invitations: text,
  out: text,
  'chain-code': text,
  'key-credential': text,
  'key-fd': text,
  'expect-public-key': text,
} as const

export const dealerCommands: readonly Command[] = [
  {
    verb: 'deal-import',
    about: 'deal a key that exists to the invited nodes, on a machine without a network',
    usage: [
      '--root FILE --pin DIGEST --invitations FILE --out FILE',
      '  [--chain-code HEX] [--key-credential FILE | --key-fd N] [--expect-public-key HEX]',
    ],
    run: (words, { random, curve, terminal }) => {
      const world = {
        random,
        terminal,
        get curve() {
          return curve('native')
        },
      }
      return dealCommand(words, world)
    },
  },
]

export async function dealCommand(words: readonly string[], world: DealerWorld): Promise<object> {
  const read = readWords(words, { options, needed: ['root', 'pin', 'invitations', 'out'] })
  const out = read.text('out')
  read.oneOf('key-credential', 'key-fd')
  const source = read.descriptor('key-fd') ?? read.flag('key-credential')
  if (existsSync(out)) refuse('CONFIG', `${out}: is there already`)
  const root = pinned(readFileSync(read.text('root'), 'utf8').trimEnd(), read.text('pin'))
  const invitations = parseInvitations(readFileSync(read.text('invitations')))
  const invited = openInvitations(invitations, root)
  const given = read.flag('chain-code')
  const chainCode = given === undefined ? world.random(32) : hex(32)(given, 'chain-code')
  const plan = { invited, t: root.quorumCrypto.t, chainCode }
  const { curve, random } = world
  const expected = read.flag('expect-public-key')
  const isAsked = source === undefined || expected === undefined
  const terminal = isAsked ? world.terminal() : undefined
  try {
    using key = await keyOf(source, terminal)
    const shown = shownOf(curve, key, { invited, root, chainCode })
    await confirmed(shown, expected, terminal)
    const dealing = deal(curve, random, plan, key)
    writeFileSync(out, dealingDocument(dealing), { flag: 'wx', mode: 0o644 })
    return { ...shown, commitments: dealing.commitments, dealing: out }
  } finally {
    terminal?.close()
  }
}

type Source = string | number | undefined

/** The root that the dealer was told of by another way than the file. */
function pinned(written: string, pin: string): Root {
  const root = parseRoot(written)
  const expected = parseDigest(pin, 'pin')
  if (root.digest !== expected) {
    refuse('CONFIG', `root: expected ${expected}, got ${root.digest}`)
  }
  return root
}

async function keyOf(source: Source, terminal: Terminal | undefined): Promise<Secret> {
  if (source !== undefined) {
    using written = readPassphrase(source, 'private key')
    return decoded(written)
  }
  if (terminal === undefined) return refuse('CONFIG', 'private key: no terminal to ask at')
  using typed = await terminal.secret('Private key, 64 hex digits (not shown): ')
  return decoded(typed)
}

/** Of hex digits, without a string in between; the digits are the caller's to wipe. */
function decoded({ bytes }: Secret): Secret {
  const start = bytes[0] === 0x30 && (bytes[1] === 0x78 || bytes[1] === 0x58) ? 2 : 0
  const digits = bytes.subarray(start)
  if (digits.length !== 64) {
    refuse('MALFORMED', `private key: expected 64 hex digits, got ${digits.length} characters`)
  }
  const key = new Uint8Array(new ArrayBuffer(32))
  let isWrong = false
  for (let at = 0; at < 32; at += 1) {
    const [high, low] = [nibble(digits[2 * at] ?? 0), nibble(digits[2 * at + 1] ?? 0)]
    isWrong ||= high > 15 || low > 15
    key[at] = (high << 4) | (low & 15)
  }
  const secret = new Secret(key)
  if (!isWrong) return secret
  secret[Symbol.dispose]()
  return refuse('MALFORMED', 'private key: expected hex digits alone')
}

/** Above 15 for what is no hex digit. */
function nibble(character: number): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30
  const lower = character | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : 255
}

interface About {
  readonly invited: readonly Opened<Invitation>[]
  readonly root: Root
  readonly chainCode: Uint8Array
}

/** What the key belongs to, for the dealer to compare with what is known of it. */
function shownOf(curve: Curve, raw: Secret, { invited, root, chainCode }: About) {
  using key = parseKey(curve, raw)
  const publicKey = publicKeyOf(curve, key)
  const [first] = invited
  return {
    org: root.org,
    env: root.env,
    vault: first?.value.vault ?? '',
    key: first?.value.key ?? '',
    holders: `${root.quorumCrypto.t} of ${invited.map(({ value }) => value.node).join(', ')}`,
    publicKey: toHex(publicKey),
    ...addressesOf(publicKey),
    chainCode: toHex(chainCode),
  }
}

/** Either what was expected was said before, or somebody looks now. */
async function confirmed(
  shown: ReturnType<typeof shownOf>,
  expected: string | undefined,
  terminal: Terminal | undefined,
): Promise<void> {
  if (expected !== undefined) {
    const wanted = fromHex(expected)
    if (wanted === undefined || toHex(wanted) !== shown.publicKey) {
      refuse('CONFIG', `public key: expected ${expected}, got ${shown.publicKey}`)
    }
    return
  }
  if (terminal === undefined) return refuse('CONFIG', 'no terminal to ask at')
  const lines = Object.entries(shown).map(([name, value]) => `${name.padEnd(12)}${value}\n`)
  terminal.say(`\n${lines.join('')}\n`)
  const said = await terminal.line('Deal this key to these nodes? Type yes: ')
  if (said !== 'yes') refuse('CONFIG', 'nothing was dealt: the answer was not yes')
}
