// A rehearsal as somebody starts it: one command, and behind it a program at every station, one at
// the Record station, tokens, a log, a chain, and people who are played line by line. Every kind of
// sitting once, by five stations with SoftHSM; and once by twins in software, which is said.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, describe, expect, it } from 'vitest'
import { parseBook } from '../../policy/book.ts'
import { parseStationCard } from '../../policy/ceremony/station-card.ts'
import { parseTokenCard } from '../../proto/token-card.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { tokensHere } from '../kit/tokens.ts'

const place = mkdtempSync(join(tmpdir(), 'custody-rehearse-'))
afterAll(() => rmSync(place, { recursive: true }))
const program = join(import.meta.dirname, '../../signer-node/ceremony/main.ts')
const custody = join(import.meta.dirname, '../../cli/main.ts')
const temporary = { ...process.env, TMPDIR: place }

interface Sitting {
  readonly kind: string
  readonly out: string
  readonly txid: string
}

interface Rehearsed {
  readonly said: { readonly directory: string; readonly sittings: readonly Sitting[] }
  readonly stderr: string
}

/** By the words of whoever sits at this machine; `heard` gets each line while it is played. */
async function rehearsed(
  words: readonly string[],
  heard: (line: string) => Promise<void> = async () => {},
): Promise<Rehearsed> {
  const command = ['--disable-warning=ExperimentalWarning', custody, 'ceremony', 'rehearse']
  const child = spawn(process.execPath, [...command, ...words, '--json'], { env: temporary })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  const hearing: Promise<void>[] = []
  createInterface(child.stderr).on('line', (line) => {
    stderr += `${line}\n`
    hearing.push(heard(line))
  })
  await new Promise((resolve) => child.once('close', resolve))
  await Promise.all(hearing)
  return { said: JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '{}'), stderr }
}

/** Of the Record that a sitting left. */
function linesOf({ out }: Pick<Sitting, 'out'> = { out: '' }) {
  const lines = readFileSync(join(out, 'record.jsonl'), 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line))
}

/** Asked of the chain itself, while the rehearsal still runs. */
async function seenOnChain(directory: string, txid: string) {
  const log = join(directory, 'house', 'log')
  const config = JSON.parse(readFileSync(join(log, 'coordinator', 'config.json'), 'utf8'))
  const ask = async (method: string): Promise<Record<string, string>> => {
    const response = await fetch(config.chains[0].rpc[0], {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: [txid] }),
    })
    return ((await response.json()) as { readonly result: Record<string, string> }).result
  }
  const [{ status }, { to, value }] = [
    await ask('eth_getTransactionReceipt'),
    await ask('eth_getTransactionByHash'),
  ]
  const [record] = parseBook(readFileSync(join(log, 'shared', 'book-warm.json'), 'utf8')).records
  return { status, isToWarm: to === record?.[1].address, wei: BigInt(value ?? '0') }
}

describe('custody-ceremony rehearse', () => {
  it.each(['dance', 'toString'])('takes no other word for a sitting: %s', (word) => {
    const { status, stderr } = spawnSync(process.execPath, [program, 'rehearse', word, place], {
      encoding: 'utf8',
    })
    expect(status).toBe(2)
    expect(stderr).toContain(`${word}: expected genesis|sign|drill|reshare|all`)
  })

  it.each([
    ['custody', custody, ['ceremony', 'rehearse']],
    ['custody-ceremony', program, ['rehearse']],
  ])('needs no directory and makes none for words that it refuses: %s', (_, main, verb) => {
    const words = [...verb, 'sign', '--stations', '4']
    const { status, stderr } = spawnSync(process.execPath, [main, ...words], {
      encoding: 'utf8',
      env: temporary,
    })
    expect([status, stderr]).toEqual([2, expect.stringContaining('expected 3, 5 or 7')])
    expect(stderr).toContain('[DIR]')
    expect(readdirSync(place)).toEqual([])
  })

  it('has a chain here, or has said that it has not', () => {
    expect(anvilInstalled || process.env['CI'] !== 'true').toBe(true)
  })
})

describe.runIf(anvilInstalled && tokensHere().includes('SoftHSM'))(
  'five stations with SoftHSM, each a program of its own',
  () => {
    it('play every kind from its plan to a Record that a stranger verifies, and to the chain', async () => {
      const directory = join(place, 'all')
      const words = ['all', directory, '--stations', '5', '--tokens', 'SoftHSM', '--replace']
      const seen: Awaited<ReturnType<typeof seenOnChain>>[] = []
      const { said, stderr } = await rehearsed(words, async (line) => {
        const [, txid] = /settled: (\S+)/.exec(line) ?? []
        if (txid !== undefined) seen.push(await seenOnChain(directory, txid))
      })
      const tested = Array(5).fill('key.backup-tested')
      expect(said.sittings, stderr).toMatchObject([
        { kind: 'genesis', verdict: 'OK', lines: ['key.created', ...tested] },
        { kind: 'sign', verdict: 'OK', lines: ['sign.completed'] },
        { kind: 'drill', verdict: 'OK', lines: ['key.proved'] },
        { kind: 'reshare', verdict: 'OK', lines: ['key.reshared', ...tested] },
        { kind: 'drill', verdict: 'OK', lines: ['key.proved'] },
      ])
      expect(stderr).not.toContain('SOFTWARE')
      expect(seen).toEqual([{ status: '0x1', isToWarm: true, wei: 125n * 10n ** 16n }])
      const [genesis, , scenario, reshare, drill] = said.sittings
      const at = (...names: readonly string[]) => join(directory, 'house', ...names)

      const tokens = [1, 2, 3, 4, 5, 6].flatMap((x) => {
        const card = parseStationCard(readFileSync(at(`station-${x}`, 'medium-a', 'station.json')))
        return [card.daily, card.spare]
      })
      expect(new Set(tokens.map(({ manufacturer }) => manufacturer))).toEqual(
        new Set(['SoftHSM project']),
      )
      expect(new Set(tokens.map(({ serial }) => serial)).size).toBe(12)

      // The same on the second medium, and on the card of every station.
      const record = readFileSync(join(genesis?.out ?? '', 'record.jsonl'))
      expect(readFileSync(at('2-genesis', 'out-second', 'record.jsonl'))).toEqual(record)
      for (const x of [1, 2, 3, 4, 5]) {
        const own = readdirSync(at(`station-${x}`, 'card')).filter((one) => /^record-/.test(one))
        const copies = own.map((name) => readFileSync(at(`station-${x}`, 'card', name)))
        expect(copies.some((one) => one.equals(record))).toBe(true)
      }

      const steps = linesOf(scenario).map(({ step }) => step)
      expect(steps).toEqual(expect.arrayContaining(['D-1', 'D-2', 'D-3', 'D-14']))

      const come = linesOf(reshare).filter(({ step }) => step === 'R-2')
      expect(come).toMatchObject([{ actor: 'custodian/custodian-6', type: 'words.read' }])
      const gone = linesOf(drill).filter(({ type }) => type === 'medium.destroyed')
      expect(new Set(gone.map(({ actor }) => actor)).size).toBe(4)
      const epochs = [1, 2, 3, 4, 5, 6].map((x) =>
        ['medium-a', 'medium-b'].map((medium) =>
          readdirSync(at(`station-${x}`, medium, 'keyshares')).map((name) => name.split('.')[1]),
        ),
      )
      const [anew, old] = [
        [['2'], ['2']],
        [['1'], ['1']],
      ]
      expect(epochs).toEqual([anew, anew, anew, anew, old, anew])
    }, 900_000)
  },
)

describe.runIf(anvilInstalled)('three stations with twins in software', () => {
  it('make a key and pay with it at a table by cards, and say what their tokens are', async () => {
    const words = ['sign', '--stations', '3', '--tokens', 'software', '--table', 'cards']
    const { said, stderr } = await rehearsed(words)
    expect(said.sittings, stderr).toMatchObject([
      { kind: 'genesis', verdict: 'OK' },
      { kind: 'sign', verdict: 'OK', lines: ['sign.completed'] },
    ])
    expect(said.sittings[1]?.txid).toMatch(/^(?:0x)?[0-9a-f]{64}$/)
    const loud = 'TWINS IN SOFTWARE PLAY THE TOKENS: SoftHSM (softhsm2) is not in use'
    expect(stderr).toContain(loud)
    // Nobody named a directory.
    const { directory } = said
    expect(directory).toMatch(/custody-rehearsal-[^/]+$/)
    const [first = ''] = stderr.split('\n')
    const told = [first, stderr.trimEnd().split('\n').at(-1)]
    expect(told).toEqual(Array(2).fill(expect.stringContaining(directory)))

    const [carried] = readdirSync(join(directory, 'record', 'sign', 'cards', 'station-1'))
    expect(carried).toMatch(/^0{5}1\./)
    const shredded = linesOf(said.sittings[1]).filter(({ step }) => step === 'C-1')
    expect(shredded.map(({ type }) => type)).toContain('medium.destroyed')
    inProduction(join(directory, 'house'))
  }, 600_000)
})

/** The very cards of this rehearsal make no plan of production. */
function inProduction(house: string): void {
  const { manufacturer } = parseTokenCard(readFileSync(join(house, 'record', 'record.card')))
  const draft = JSON.parse(readFileSync(join(house, '3-sign', 'draft.json'), 'utf8'))
  const [file, out] = [join(house, 'production.json'), join(house, 'production-plan.json')]
  writeFileSync(file, JSON.stringify({ ...draft, env: 'prod' }))
  const words = ['ceremony', 'plan', 'sign', file, '--out', out, '--json']
  const { status, stdout } = spawnSync(process.execPath, [custody, ...words], { encoding: 'utf8' })
  expect([status, JSON.parse(stdout).refused]).toMatchObject([
    1,
    { code: 'TOKEN_WRONG', rule: 'X-5', because: expect.stringContaining(manufacturer) },
  ])
  expect(existsSync(out)).toBe(false)
}
