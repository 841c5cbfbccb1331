// The recipient of an exported key: what it believes, what it opens, whom it names, and what it can
// show to others. Parts are made by hand here, so that any of them can be a liar's.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Wallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHex, x25519PublicKey } from '../../proto/crypto.ts'
import { parcelDocument, parseParcel } from '../../proto/export-documents.ts'
import { parseDigest } from '../../proto/ids.ts'
import { CommandUsage } from '../../signer-node/command.ts'
import { signerCommands } from '../../signer-node/commands.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { judgeSpoiled, openParcel } from '../../signer-node/export-open.ts'
import { ExportCase, type Lie } from '../kit/export-case.ts'
import { hex } from '../kit/vectors.ts'

const curve = nativeCurve()
const the = new ExportCase()
const open = (parcel = the.parcel(), secret = the.secret, root = the.root.digest) => {
  using own = new Secret(secret.slice())
  return openParcel(parcel, { curve, secret: own, root })
}

function publicKeyOf(opened: ReturnType<typeof open>): string {
  if (opened.kind === 'spoiled') return `${opened.node}: ${opened.because}`
  using key = opened.key
  return hex(curve.points.multiplyBase(key.bytes)!)
}

describe('a parcel', () => {
  it('opens with the key of its recipient to the key that the log names', () => {
    expect(publicKeyOf(open())).toBe(hex(the.publicKey))
    expect(publicKeyOf(open(parseParcel(parcelDocument(the.parcel()))))).toBe(hex(the.publicKey))
  })

  it('opens with no other key, and under no other root than the pinned one', () => {
    expect(() => open(the.parcel(), new Uint8Array(32).fill(3))).toThrow('to another recipient')
    expect(() => open(the.parcel(), the.secret, parseDigest('ab'.repeat(32)))).toThrow(
      expect.objectContaining({ refusal: expect.objectContaining({ code: 'RULESET_VERSION' }) }),
    )
  })

  it('opens nothing with a part less, and says so', () => {
    const { parts, ...rest } = the.parcel()
    expect(() => open({ ...rest, parts: parts.slice(1) })).toThrow('fewer open nothing')
    expect(() => open({ ...rest, parts: [parts[0]!, parts[0]!] })).toThrow('fewer open nothing')
  })

  it('is refused when its line is not witnessed, not signed, or lies elsewhere', () => {
    expect(publicKeyOf(open(the.parcel()))).toBe(hex(the.publicKey))
    const code = (parcel: ReturnType<typeof the.parcel>) => {
      try {
        return publicKeyOf(open(parcel))
      } catch (error) {
        return (error as { refusal: { code: string } }).refusal.code
      }
    }
    const parcel = the.parcel()
    expect(code({ ...parcel, checkpoint: the.checkpoint(1) })).toBe('NOT_ENOUGH_WITNESSES')
    expect(code({ ...parcel, proof: parcel.proof.slice(1) })).toBe('LINE_MISSING')
    expect(code({ ...parcel, line: the.unsigned })).toBe('PARTICIPANTS')
    expect(code({ ...parcel, line: the.genesis })).toBe('LINE_MISSING')
    expect(code({ ...parcel, checkpoint: the.unsignedCheckpoint })).toBe('LOG_MALFORMED')
  })

  it.each<[string, Lie, string]>([
    ['of another change', { change: 'ab'.repeat(32) }, 'expected change'],
    ['of another line', { seq: 1 }, 'expected seq'],
    ['of another vault', { vault: 'warm-eth' }, 'expected vault'],
    ['of another key state', { keyState: 'ab'.repeat(32) }, 'expected keyState'],
    ['for another recipient', { recipient: '07'.repeat(32) }, 'for another recipient'],
    ['among other exporters', { exporters: ['node-b', 'node-c'] }, 'among other exporters'],
    ['of another place', { x: 3 }, 'expected place 2, got 3'],
    ['of another organisation', { org: 'other' }, 'of another organisation'],
    ['with another file', { sealed: 'ab'.repeat(32) }, 'is not the one that it signed'],
  ])('with a part %s is refused by the name of who signed that', (_, lie, because) => {
    expect(() => open(the.parcel({ lie }))).toThrow(`the part of node-b: `)
    expect(() => open(the.parcel({ lie }))).toThrow(because)
  })

  it('with a part that its node did not sign, or a stranger did, is refused', () => {
    const { parts, ...rest } = the.parcel()
    const [first, second] = parts as [(typeof parts)[0], (typeof parts)[0]]
    const signature = first.statement.signature.map((byte) => byte ^ 1)
    const bent = { ...first, statement: { ...first.statement, signature } }
    expect(() => open({ ...rest, parts: [bent, second] })).toThrow('does not verify')
    const credential = second.statement.credential
    const swapped = { ...first, statement: { ...first.statement, credential } }
    expect(() => open({ ...rest, parts: [swapped, second] })).toThrow('does not verify')
    const stranger = { ...first.statement, credential: the.stranger }
    expect(() => open({ ...rest, parts: [{ ...first, statement: stranger }, second] })).toThrow(
      'is none of the exporters',
    )
  })

  it('with parts that were made over other pairings opens nothing and names nobody', () => {
    const lie = { pairings: { 'node-a': 'cd'.repeat(32) } }
    expect(() => open(the.parcel({ lie }))).toThrow('were made over other pairings')
  })
})

describe('who spoils a part', () => {
  const evidenceOf = (parcel: ReturnType<typeof the.parcel>) => {
    const opened = open(parcel)
    if (opened.kind !== 'spoiled') throw new Error('it opened')
    return opened
  }

  it.each([
    ['another scalar', the.bent(0)],
    ['another fragment and scalar', the.bent(0, 33)],
    ['something that is no part', () => new Uint8Array(7)],
  ])('with %s is named, and the evidence convinces whoever has the root', (_, content) => {
    const { node, evidence } = evidenceOf(the.parcel({ content }))
    expect(node).toBe('node-b')
    const judged = judgeSpoiled(curve, evidence!, the.root.digest)
    expect(judged).toMatchObject({ kind: 'spoiled', node: 'node-b' })
    expect(() => judgeSpoiled(curve, evidence!, parseDigest('ab'.repeat(32)))).toThrow('as pinned')
  })

  it('by facts of another key is named by what it signed', () => {
    const { node, evidence, because } = evidenceOf(the.parcel({ lie: { facts: 'abcd' } }))
    expect([node, because]).toEqual(['node-b', expect.stringContaining('the facts of the key')])
    expect(judgeSpoiled(curve, evidence!, the.root.digest)).toMatchObject({ node: 'node-b' })
  })

  it('by a file that does not open is named to the recipient alone: that shows to nobody', () => {
    const { node, evidence } = evidenceOf(the.parcel({ sealedTo: 'nobody' }))
    expect(node).toBe('node-b')
    expect(() => judgeSpoiled(curve, evidence!, the.root.digest)).toThrow('does not open here')
  })

  it('cannot be an honest node: evidence of an honest part convinces nobody', () => {
    expect(() => judgeSpoiled(curve, the.falseEvidence(), the.root.digest)).toThrow(
      'is as it should be',
    )
  })

  it('is nobody by name when two tell different fragments, and the two are said', () => {
    const opened = open(the.parcel({ content: the.otherFragment }))
    expect(opened).toMatchObject({ kind: 'spoiled', node: undefined, evidence: undefined })
    expect(opened.kind === 'spoiled' && opened.because).toContain('parties 1 and 2')
  })
})

describe('the program of the recipient', () => {
  const home = mkdtempSync(join(tmpdir(), 'recipient-'))
  const main = join(import.meta.dirname, '../../signer-node/main.ts')
  const at = (name: string) => join(home, name)
  const flags = ['--disable-warning=ExperimentalWarning', main]
  const world = {
    random: (length: number) => new Uint8Array(randomBytes(length)),
    wallMs: Date.now,
    curve: () => curve,
    terminal: () => undefined,
    isTerminal: false,
  }
  const run = async (...words: string[]) => {
    try {
      return {
        exit: 0,
        out: JSON.stringify(await signerCommands.commandOf(words)?.(world)),
        err: '',
      }
    } catch (error) {
      if (error instanceof CommandUsage) return { exit: 2, out: '', err: 'usage' }
      return { exit: 1, out: '', err: (error as Error).message }
    }
  }
  const opening = (...way: string[]) =>
    run('export-open', at('parcel'), '--recipient', at('key'), '--root', the.root.digest, ...way)

  beforeAll(async () => {
    mkdirSync(at('key'))
    writeFileSync(at('key/credential'), 'a long passphrase of hers\n', { mode: 0o600 })
    const made = await run('export-key', at('key'), '--org', 'acme', '--env', 'dev')
    expect(made.exit, made.err).toBe(0)
    const { seal } = JSON.parse(readFileSync(at('key/recipient.json'), 'utf8'))
    expect(JSON.parse(made.out).recipient).toBe(seal)
    writeFileSync(at('parcel'), parcelDocument(the.parcel({ to: Buffer.from(seal, 'hex') })))
  }, 60_000)
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  it('makes a key once, sealed by a passphrase that is long enough', async () => {
    expect(statSync(at('key/recipient.seal')).mode & 0o777).toBe(0o400)
    const again = await run('export-key', at('key'), '--org', 'acme', '--env', 'dev')
    expect([again.exit, again.err]).toEqual([1, expect.stringContaining('is there already')])
    mkdirSync(at('short'))
    writeFileSync(at('short/credential'), 'short', { mode: 0o600 })
    const short = await run('export-key', at('short'), '--org', 'acme', '--env', 'dev')
    expect([short.exit, short.err]).toEqual([1, expect.stringContaining('at least 16 characters')])
  })

  it('writes a file that other wallets open, for its owner alone, and over nothing', async () => {
    const done = await opening('--wallet', at('wallet.json'))
    expect(done.exit, done.err).toBe(0)
    const said = JSON.parse(done.out)
    expect(said.publicKey).toBe(hex(the.publicKey))
    expect(said.tron).toMatch(/^T/)
    expect(statSync(at('wallet.json')).mode & 0o777).toBe(0o600)
    const text = readFileSync(at('wallet.json'), 'utf8')
    const wallet = Wallet.fromEncryptedJsonSync(text, 'a long passphrase of hers')
    expect(wallet.address.toLowerCase()).toBe(said.ethereum)
    expect(wallet.privateKey).toBe(`0x${the.privateKey}`)
    expect(`${done.err}${text}`).not.toContain(the.privateKey)
    expect((await opening('--wallet', at('wallet.json'))).err).toContain('is there already')
  })

  it('gives the key raw to a descriptor, and in the clear to a terminal only', async () => {
    const file = openSync(at('raw'), 'wx', 0o600)
    const said = await opening('--key-fd', String(file))
    closeSync(file)
    expect(toHex(readFileSync(at('raw')))).toBe(the.privateKey)
    expect(said.out).toContain(hex(the.publicKey))
    expect(said.out).not.toContain(the.privateKey)
    const words = ['export-open', at('parcel'), '--recipient', at('key'), '--root', the.root.digest]
    const piped = await opening('--reveal')
    expect([piped.exit, piped.err]).toEqual([1, expect.stringContaining('expected a terminal')])
    const command = [process.execPath, ...flags, ...words, '--reveal'].join(' ')
    const seen = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' })
    expect(seen.stdout).toContain(the.privateKey)
  })

  it('wants exactly one way out, and says how it is used', async () => {
    expect((await opening()).exit).toBe(2)
    expect((await opening('--reveal', '--key-fd', '3')).exit).toBe(2)
    expect((await opening('--key-fd', '1')).exit).toBe(2)
    expect((await run('export-open')).exit).toBe(2)
    expect((await run('export-key', at('x'), '--org', 'acme')).exit).toBe(2)
  })

  it('refuses a wrong passphrase, and a document that is not of the sealed key', async () => {
    writeFileSync(at('wrong'), 'another passphrase', { mode: 0o600 })
    expect((await opening('--wallet', at('w2'), '--credential', at('wrong'))).err).toContain(
      'does not open',
    )
    mkdirSync(at('other'))
    const document = readFileSync(at('key/recipient.json'), 'utf8')
    const bent = document.replace(/"seal":"../, '"seal":"00')
    writeFileSync(at('other/recipient.json'), bent)
    writeFileSync(at('other/recipient.seal'), readFileSync(at('key/recipient.seal')))
    const words = ['--root', the.root.digest, '--credential', at('key/credential'), '--key-fd', '3']
    const done = await run('export-open', at('parcel'), '--recipient', at('other'), ...words)
    expect(done.err).toContain('of another key than')
  })

  it('names who spoiled a part, and writes what shows it for another to judge', async () => {
    const { seal } = JSON.parse(readFileSync(at('key/recipient.json'), 'utf8'))
    const to = Buffer.from(seal, 'hex')
    writeFileSync(at('parcel'), parcelDocument(the.parcel({ to, content: the.bent(0) })))
    const done = await opening('--key-fd', '3', '--evidence', at('evidence'))
    expect([done.exit, done.err]).toEqual([1, expect.stringContaining('node-b is named')])
    const judged = await run('export-judge', at('evidence'), '--root', the.root.digest)
    expect(JSON.parse(judged.out)).toMatchObject({ spoiled: 'node-b' })
    expect(x25519PublicKey(the.secret)).toHaveLength(32)
  })
})
