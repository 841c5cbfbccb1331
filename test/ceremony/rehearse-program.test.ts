// A rehearsal as somebody starts it: one command, and behind it a program at every station, one at
// the Record station, tokens, a log, a chain, and people who are played line by line.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { anvilInstalled } from '../kit/anvil.ts'

const place = mkdtempSync(join(tmpdir(), 'custody-rehearse-'))
afterAll(() => rmSync(place, { recursive: true }))
const program = join(import.meta.dirname, '../../signer-node/ceremony/main.ts')

const temporary = { ...process.env, TMPDIR: place }

/** Without a directory: in a fresh one below `place`. */
function rehearsed(kind: string, directory?: string, more: readonly string[] = []) {
  const where = directory === undefined ? [] : [directory]
  const words = ['rehearse', kind, ...where, '--stations', '3', '--tokens', 'software', ...more]
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, ...words, '--json'],
    { encoding: 'utf8', env: temporary },
  )
  return { said: JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '{}'), stderr }
}

/** Of the Record that a sitting left. */
function linesOf({ out }: { readonly out: string }) {
  const lines = readFileSync(join(out, 'record.jsonl'), 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line))
}

describe('custody-ceremony rehearse', () => {
  it.each(['dance', 'toString'])('takes no other word for a sitting: %s', (word) => {
    const { status, stderr } = spawnSync(process.execPath, [program, 'rehearse', word, place], {
      encoding: 'utf8',
    })
    expect(status).toBe(2)
    expect(stderr).toContain(`${word}: expected genesis|sign|drill|reshare`)
  })

  it.each([
    ['custody', join(import.meta.dirname, '../../cli/main.ts'), ['ceremony', 'rehearse']],
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
  if (!anvilInstalled) return

  it('makes a key and pays with it by real programs at a table with a network', () => {
    const directory = join(place, 'all')
    const { said, stderr } = rehearsed('sign', directory)
    expect(said.sittings, stderr).toMatchObject([
      { kind: 'genesis', verdict: 'OK' },
      { kind: 'sign', verdict: 'OK', lines: ['sign.completed'] },
    ])
    expect(said.sittings[1].txid).toMatch(/^(?:0x)?[0-9a-f]{64}$/)
    const [genesis] = said.sittings
    const kept = join(directory, 'house', '2-genesis')
    const record = readFileSync(join(genesis.out, 'record.jsonl'))
    // The same on the second medium and on the card of a station.
    expect(readFileSync(join(kept, 'out-second/record.jsonl'))).toEqual(record)
    expect(existsSync(join(directory, 'house', 'station-1', 'card'))).toBe(true)
  }, 400_000)

  it('makes a key and pays with it at a table by cards, which somebody carries', () => {
    const directory = join(place, 'cards')
    const { said, stderr } = rehearsed('sign', directory, ['--table', 'cards'])
    expect(said.sittings, stderr).toMatchObject([
      { kind: 'genesis', verdict: 'OK' },
      { kind: 'sign', verdict: 'OK', lines: ['sign.completed'] },
    ])
    expect(said.sittings[1].txid).toMatch(/^(?:0x)?[0-9a-f]{64}$/)
    const [carried] = readdirSync(join(directory, 'record', 'sign', 'cards', 'station-1'))
    expect(carried).toMatch(/^0{5}1\./)
    const shredded = linesOf(said.sittings[1]).filter(({ step }) => step === 'C-1')
    expect(shredded.map(({ type }) => type)).toContain('medium.destroyed')
  }, 400_000)

  it('deals a key anew, and at the drill after it proves it and destroys the old Seals', () => {
    const directory = join(place, 'anew')
    const { said, stderr } = rehearsed('reshare', directory)
    const [genesis, reshare, drill] = said.sittings
    expect([genesis.verdict, reshare.verdict, drill.verdict], stderr).toEqual(['OK', 'OK', 'OK'])
    expect(reshare.lines).toEqual(['key.refreshed', ...Array(3).fill('key.backup-tested')])
    expect(drill.lines).toEqual(['key.proved'])
    const gone = linesOf(drill).filter(({ type }) => type === 'medium.destroyed')
    expect(new Set(gone.map(({ actor }) => actor)).size).toBe(3)
    for (const medium of ['medium-a', 'medium-b']) {
      const left = readdirSync(join(directory, 'house', 'station-1', medium, 'keyshares'))
      expect(left.map((name) => name.split('.').slice(0, 2))).toEqual([['cold', '2']])
    }
  }, 400_000)

  it('plays a drill with a scenario, after the genesis of its key', () => {
    const { said, stderr } = rehearsed('drill')
    expect(said.sittings, stderr).toMatchObject([
      { kind: 'genesis', verdict: 'OK' },
      { kind: 'drill', verdict: 'OK', lines: ['key.proved'] },
    ])
    // Nobody named a directory.
    expect(said.directory).toMatch(/custody-rehearsal-[^/]+$/)
    const [first = ''] = stderr.split('\n')
    const told = [first, stderr.trimEnd().split('\n').at(-1)]
    expect(told).toEqual(Array(2).fill(expect.stringContaining(said.directory)))
    expect(existsSync(join(said.directory, 'house', 'station-1', 'card'))).toBe(true)
    const steps = linesOf(said.sittings[1]).map(({ step }) => step)
    expect(steps).toEqual(expect.arrayContaining(['D-1', 'D-2', 'D-3', 'D-14']))
  }, 400_000)

  it('lets somebody come in the place of the last custodian, by the next root', () => {
    const directory = join(place, 'replaced')
    const { said, stderr } = rehearsed('reshare', directory, ['--replace'])
    const [genesis, reshare, drill] = said.sittings
    expect([genesis.verdict, reshare.verdict, drill.verdict], stderr).toEqual(['OK', 'OK', 'OK'])
    expect(reshare.lines).toEqual(['key.reshared', ...Array(3).fill('key.backup-tested')])
    const read = linesOf(reshare).filter(({ step }) => step === 'R-2')
    expect(read).toMatchObject([{ actor: 'custodian/custodian-4', type: 'words.read' }])
    const sharesOf = (node: string) =>
      readdirSync(join(directory, 'house', node, 'medium-a', 'keyshares'))
    const epochs = ['station-1', 'station-3', 'station-4'].map((node) =>
      sharesOf(node).map((name) => name.split('.')[1]),
    )
    expect(epochs).toEqual([['2'], ['1'], ['2']])
  }, 400_000)
})
