// A rehearsal as somebody starts it: one command, and behind it a program at every station, one at
// the Record station, tokens, a log, a chain, and people who are played line by line.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { anvilInstalled } from '../kit/anvil.ts'

const place = mkdtempSync(join(tmpdir(), 'custody-rehearse-'))
afterAll(() => rmSync(place, { recursive: true }))
const program = join(import.meta.dirname, '../../signer-node/ceremony/main.ts')

describe('custody-ceremony rehearse', () => {
  it('has a chain here, or has said that it has not', () => {
    expect(anvilInstalled || process.env['CI'] !== 'true').toBe(true)
  })
  if (!anvilInstalled) return

  it('makes a key and pays with it by real programs at a table with a network', () => {
    const directory = join(place, 'all')
    const words = ['rehearse', 'sign', directory, '--stations', '3', '--tokens', 'software']
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', program, ...words, '--json'],
      { encoding: 'utf8' },
    )
    const said = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '{}')
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
})
