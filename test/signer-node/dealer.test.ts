// The dealer's program: which keys, roots and invitations it takes, what it writes, and that the
// key is in none of it. In a terminal of its own where what counts is what a terminal shows.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chainOf } from '../../policy/chain/chains.ts'
import { tronAddress } from '../../policy/chain/tron-address.ts'
import { sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { parseDigest } from '../../proto/ids.ts'
import { invitationsDocument, parseDealing } from '../../proto/import-documents.ts'
import { Refused } from '../../proto/refusal.ts'
import { openShare } from '../../proto/seal-import.ts'
import type { Signed } from '../../proto/signed.ts'
import { CommandUsage } from '../../signer-node/command.ts'
import { dealCommand } from '../../signer-node/dealer.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { lagrangeAtZero } from '../../signer-node/dkls23/polynomial.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import type { Terminal } from '../../signer-node/terminal.ts'
import { root, rootText } from '../coordinator/world.ts'
import { allInvited, invitationBy, invitationSecret, invitedNodes } from '../kit/invited.ts'
import { namedRandom } from './world.ts'

const curve = nativeCurve()
const key = toHex(sha256(toUtf8('a key of long ago')))
const publicKey = toHex(
  curve.points.multiplyBase(curve.scalars.decodeScalar(sha256(toUtf8('a key of long ago'))))!,
)
const order = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'
let place: string
let outs = 0
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'dealer-'))
  writeFileSync(join(place, 'root.json'), `${rootText}\n`)
})
afterAll(() => rmSync(place, { recursive: true }))

const at = (name: string): string => join(place, name)
const newOut = (): string => {
  outs += 1
  return at(`dealing-${outs}.json`)
}

function wordsFor(given: readonly Signed[], out: string, pin: string = root.digest): string[] {
  const file = `${out}.invitations`
  writeFileSync(file, invitationsDocument(given))
  return ['--root', at('root.json'), '--pin', pin, '--invitations', file, '--out', out]
}

/** Types these answers. */
function typing(secret: string, yes: string, said: string[] = []): Terminal {
  return {
    say: (text) => said.push(text),
    secret: async () => new Secret(toUtf8(secret)),
    line: async () => yes,
    close: () => {},
  }
}

async function dealtBy(words: readonly string[], terminal?: Terminal): Promise<string> {
  try {
    const world = { random: namedRandom(`dealer ${outs}`), curve, terminal: () => terminal }
    return JSON.stringify(await dealCommand(words, world))
  } catch (error) {
    if (error instanceof CommandUsage) return 'usage'
    if (error instanceof Refused) return `${error.refusal.code}: ${error.refusal.because}`
    throw error
  }
}

describe('a dealing', () => {
  it('is a share for every node, sealed to its invitation, of exactly the key that was typed', async () => {
    const out = newOut()
    const said: string[] = []
    const answer = await dealtBy(wordsFor(allInvited(), out), typing(key, 'yes', said))
    expect(JSON.parse(answer)).toMatchObject({
      vault: 'hot',
      publicKey,
      ethereum: chainOf('eip155:1').address(Buffer.from(publicKey, 'hex')),
      tron: tronAddress(Buffer.from(publicKey, 'hex')),
    })
    expect(said.join('')).toContain(publicKey)
    const dealing = parseDealing(readFileSync(out))
    expect(toHex(dealing.coefficients[0]!)).toBe(publicKey)
    const opened = dealing.shares.map((share, index) => {
      const node = invitedNodes[index]!
      const value = JSON.parse(invitationBy(node).document)
      const invitation = { ...value, to: Buffer.from(value.to, 'hex') }
      const { commitments } = dealing
      const context = { invitation, named: share.invitation, commitments }
      expect(openShare(context, share, invitationSecret('stranger'))).toBeUndefined()
      const other = { ...context, commitments: parseDigest('ab'.repeat(32)) }
      expect(openShare(other, share, invitationSecret(node))).toBeUndefined()
      return openShare(context, share, invitationSecret(node))!
    })
    // Any t of them are the key.
    const { scalars } = curve
    const xs = [parseParty(1), parseParty(3)]
    const parts = xs.map((x) =>
      scalars.multiply(lagrangeAtZero(curve, xs, x), scalars.decodeScalar(opened[x - 1]!)),
    )
    expect(toHex(scalars.add(parts[0]!, parts[1]!))).toBe(key)
  })

  it('is written once, for all to read, and holds nothing of the key', async () => {
    const out = newOut()
    const chain = '11'.repeat(32)
    const words = [...wordsFor(allInvited(), out), '--chain-code', chain]
    await dealtBy(words, typing(`0x${key.toUpperCase()}`, 'yes'))
    const written = readFileSync(out, 'utf8')
    expect(toHex(parseDealing(readFileSync(out)).chainCode)).toBe(chain)
    expect(written.toLowerCase()).not.toContain(key)
    expect(await dealtBy(words, typing(key, 'yes'))).toContain('is there already')
  })

  it('is of a key in a file of its owner or a descriptor, when the public key is named', async () => {
    const out = newOut()
    writeFileSync(at('key'), `${key}\n`, { mode: 0o600 })
    const words = [...wordsFor(allInvited(), out), '--key-credential', at('key')]
    expect(await dealtBy(words)).toContain('CONFIG: no terminal')
    const other = `02${'ab'.repeat(32)}`
    expect(await dealtBy([...words, '--expect-public-key', other])).toContain(
      `expected ${other}, got ${publicKey}`,
    )
    expect(await dealtBy([...words, '--expect-public-key', publicKey])).toContain(publicKey)
    writeFileSync(at('open key'), `${key}\n`, { mode: 0o644 })
    const open = [...wordsFor(allInvited(), newOut()), '--key-credential', at('open key')]
    expect(await dealtBy([...open, '--expect-public-key', publicKey])).toContain('only its owner')
  })
})

describe('a dealer', () => {
  const nothingWritten = (out: string): boolean => !readdirSync(place).some((f) => at(f) === out)

  const wrong: readonly (readonly [string, string, string])[] = [
    ['zero', '00'.repeat(32), 'above zero and below the order'],
    ['the order', order, 'above zero and below the order'],
    ['above the order', 'ff'.repeat(32), 'above zero and below the order'],
    ['too short', key.slice(2), 'expected 64 hex digits, got 62'],
    ['too long', `${key}00`, 'expected 64 hex digits, got 66'],
    ['not hex', `${key.slice(0, 63)}g`, 'expected hex digits alone'],
    ['nothing', '', 'expected 64 hex digits, got 0'],
  ]
  for (const [what, typed, because] of wrong) {
    it(`refuses a key that is ${what}`, async () => {
      const out = newOut()
      expect(await dealtBy(wordsFor(allInvited(), out), typing(typed, 'yes'))).toContain(because)
      expect(nothingWritten(out)).toBe(true)
    })
  }

  it('writes nothing when the answer is not yes', async () => {
    const out = newOut()
    expect(await dealtBy(wordsFor(allInvited(), out), typing(key, 'no'))).toContain('was not yes')
    expect(nothingWritten(out)).toBe(true)
  })

  it('refuses another root than it was told of', async () => {
    const words = wordsFor(allInvited(), newOut(), 'ab'.repeat(32))
    expect(await dealtBy(words, typing(key, 'yes'))).toContain(`got ${root.digest}`)
  })

  const [a, b, c] = invitedNodes.map((node) => invitationBy(node)) as [Signed, Signed, Signed]
  const node = invitedNodes[1]!
  const bent: readonly (readonly [string, readonly Signed[], string])[] = [
    ['one is missing', [a, c], `no invitation of ${node}`],
    ['one came twice', [a, b, b, c], `2 invitations of ${node}`],
    ['one is of a stranger', [a, b, c, invitationBy('signer-x')], 'signer-x is no node'],
    [
      'one was signed by another node',
      [a, invitationBy(node, {}, 'signer-a'), c],
      'does not verify',
    ],
    ['one is of another organisation', [a, invitationBy(node, { org: 'else' }), c], 'expected an'],
    ['one is of another place', [a, invitationBy(node, { x: 7 }), c], 'expected an invitation'],
    ['one is of another vault', [a, invitationBy(node, { vault: 'warm' }), c], 'another key'],
    ['one is of another key', [a, invitationBy(node, { key: 'warm' }), c], 'another key'],
  ]
  for (const [what, given, because] of bent) {
    it(`refuses invitations of which ${what}`, async () => {
      const out = newOut()
      expect(await dealtBy(wordsFor(given, out), typing(key, 'yes'))).toContain(because)
      expect(nothingWritten(out)).toBe(true)
    })
  }

  it('refuses an invitation whose key is of low order', async () => {
    const low = invitationBy(node, { to: '00'.repeat(32) })
    const words = wordsFor([a, low, c], newOut())
    expect(await dealtBy(words, typing(key, 'yes'))).toContain('SEAL: the invitation of')
  })

  it('says how it is used when words are missing, doubled or unknown', async () => {
    const words = wordsFor(allInvited(), newOut())
    for (const some of [words.slice(2), [...words, '--key', key], [...words, '--key-fd', 'x']]) {
      expect(await dealtBy(some, typing(key, 'yes'))).toBe('usage')
    }
    const both = [...words, '--key-fd', '3', '--key-credential', at('key')]
    expect(await dealtBy(both, typing(key, 'yes'))).toBe('usage')
    expect(await dealtBy(words)).toContain('no terminal to ask at')
  })
})

/** In a terminal of its own: what it shows, and how the program ended. */
function inTerminal(words: readonly string[], typed: readonly string[]) {
  const program = join(import.meta.dirname, '../../signer-node/main.ts')
  const command = [process.execPath, program, 'deal-import', ...words]
  const line = command.map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['-qefc', line, '/dev/null'], { stdio: 'pipe' })
  let shown = ''
  const answers = [...typed]
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
    // Typed only after the question: before it the terminal would still echo.
    if (/(?:not shown\): |Type yes: )$/.test(text)) child.stdin.write(answers.shift() ?? '')
  })
  return new Promise<{ readonly code: number | null; readonly shown: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, shown }))
  })
}

describe('a terminal', () => {
  it('never shows the key that is typed at it, and shows what it belongs to', async () => {
    const out = newOut()
    const slip = `${key}f\x7f\r`
    const { code, shown } = await inTerminal(wordsFor(allInvited(), out), [slip, 'yes\r'])
    expect([code, shown]).toEqual([0, expect.stringContaining(publicKey)])
    for (let from = 0; from + 8 <= key.length; from += 8) {
      expect(shown).not.toContain(key.slice(from, from + 8))
    }
    expect(toHex(parseDealing(readFileSync(out)).coefficients[0]!)).toBe(publicKey)
  })

  it('ends the program when it is interrupted, and nothing is dealt', async () => {
    const out = newOut()
    const { code, shown } = await inTerminal(wordsFor(allInvited(), out), ['12\x03'])
    expect([code, shown]).toEqual([1, expect.stringContaining('interrupted')])
    expect(readdirSync(place)).not.toContain(out)
  })

  it('takes no more than a line', async () => {
    const long = `${'1'.repeat(600)}\r`
    const { code, shown } = await inTerminal(wordsFor(allInvited(), newOut()), [long])
    expect([code, shown]).toEqual([1, expect.stringContaining('at most 512 characters')])
  })
})
