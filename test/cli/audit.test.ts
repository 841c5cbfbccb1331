// `custody audit verify`: an Export and a trust file on disk, no network, its exit codes.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { run } from '../../cli/run.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { type Export, writeExport } from '../../policy/audit/export.ts'
import { MemoryTree, rootAt } from '../../policy/audit/merkle.ts'
import { toHex } from '../../proto/crypto.ts'
import { parseDigest } from '../../proto/ids.ts'
import { wordLines, wordsOf } from '../../proto/words.ts'
import { goodStory, trust } from '../kit/audit-story.ts'
import { payoutIn } from '../kit/audit-verifying.ts'
import { testWorld } from '../kit/cluster.ts'

const room = mkdtempSync(join(tmpdir(), 'custody-verify-'))
afterAll(() => rmSync(room, { recursive: true }))
const story = goodStory()
const good = story.export()
const nowMs = story.log.t + 10_000
const trustFile = join(room, 'trust.txt')
writeFileSync(trustFile, trust)

let number = 0
function onDisk(exported: Export): string {
  number += 1
  const directory = join(room, `export-${number}`)
  for (const [path, content] of writeExport(exported)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), content)
  }
  return directory
}

async function verified(exported: Export, ...more: readonly string[]) {
  const words = ['audit', 'verify', onDisk(exported), '--trust', trustFile, ...more]
  const world = testWorld([], { nowMs: () => nowMs })
  const { exit, stdout } = await run([...words, '--json'], world)
  return { exit, json: JSON.parse(stdout), text: (await run(words, world)).stdout }
}

async function said(...more: readonly string[]): Promise<string> {
  const words = ['audit', 'verify', onDisk(good), '--trust', trustFile, ...more]
  const { exit, stdout, stderr } = await run(words, testWorld([], { nowMs: () => nowMs }))
  return `${exit} ${stdout}${stderr}`
}

describe('custody audit verify', () => {
  it('says OK of a good Export, result by result', async () => {
    const { exit, json, text } = await verified(good)
    expect({ exit, word: json.word, findings: json.findings }).toEqual({
      exit: 0,
      word: 'OK',
      findings: [],
    })
    expect(json.checked.lines).toBe(good.lines.length)
    expect(text).toMatch(/^OK\n {2}integrity +OK\n {2}identity +OK\n/)
  })

  it('exits 1 for a changed line and names it', async () => {
    const written = good.lines.map((line) => Buffer.from(line).toString())
    const at = written.findIndex((line) => line.includes('"engine":1'))
    const lines = written.map((line, seq) =>
      Buffer.from(seq === at ? line.replace('"engine":1', '"engine":2') : line),
    )
    const { exit, json } = await verified({ ...good, lines })
    expect(exit).toBe(1)
    expect(json.findings[0]).toMatchObject({ word: 'TAMPERED', line: at })
  })

  it('says the root and the words of its first lines, for whoever compares a head by ear', async () => {
    const at = 5
    const tree = new MemoryTree()
    for (const line of good.lines.slice(0, at)) tree.append(parseEntry(line).leaf)
    const root = toHex(rootAt(tree, at))
    const { json, text } = await verified(good, '--at', `${at}`)
    expect(json.head).toEqual({ size: at, root, words: wordsOf(parseDigest(root), 16) })
    expect(text).toContain(
      `after ${at} lines: root ${root}\n    ${wordLines(parseDigest(root), 16)[0]}`,
    )
    expect(await said('--at', `${good.lines.length + 1}`)).toMatch(/^2 .*--at: the export has/)
    expect(await said('--at', '0')).toMatch(/^2 .*expected a number of lines/)
  })

  it('exits 3 without a trust file, and for a head that is too old', async () => {
    const world = testWorld([], { nowMs: () => nowMs })
    expect((await run(['audit', 'verify', onDisk(good)], world)).exit).toBe(3)
    expect((await verified(good, '--max-age', '1h')).exit).toBe(0)
    expect((await verified(good, '--max-age', '1s')).exit).toBe(3)
  })

  it('allows a head of 24 hours, unless it is told otherwise', async () => {
    const aged = async (hours: number, ...more: readonly string[]) => {
      const words = ['audit', 'verify', onDisk(good), '--trust', trustFile, ...more]
      const late = testWorld([], { nowMs: () => story.log.t + hours * 3_600_000 })
      return (await run(words, late)).exit
    }
    expect(await aged(24)).toBe(0)
    expect(await aged(25)).toBe(3)
    expect(await aged(25, '--max-age', '25h')).toBe(0)
    expect(await aged(9 * 365 * 24, '--max-age', '10y')).toBe(0)
    expect(await aged(11 * 365 * 24, '--max-age', '10y')).toBe(3)
    expect(await aged(1, '--max-age', '0y')).toBe(2)
  })

  it('tells of attempts that were refused, and exits 0', async () => {
    const refused = goodStory()
    payoutIn(refused, 'unapproved', 150).reserved().started()
    const { exit, json, text } = await verified(refused.export())
    expect({ exit, findings: json.findings }).toEqual({ exit: 0, findings: [] })
    expect(json.notices).toEqual([
      { line: 30, code: 'N21 QUORUM', because: expect.stringContaining('ops') },
    ])
    expect(text).toMatch(/^refused: N21 QUORUM at line 30: /m)
  })

  it('exits 7 when the Export is shorter than a head that was kept', async () => {
    const since = join(room, 'since')
    writeFileSync(since, good.checkpoint)
    expect((await verified(good, '--since', since)).exit).toBe(0)
    const [, older] = good.heads
    const size = Number(Buffer.from(older!).toString().split('\n')[1])
    const short = { ...good, lines: good.lines.slice(0, size), checkpoint: older!, heads: [] }
    expect((await verified(short, '--since', since)).exit).toBe(7)
  })

  it('exits 5 for two heads that contradict, and writes the proof', async () => {
    const other = goodStory()
    other.log.t += 1
    other.log.force('log.heartbeat', {})
    const fork = other.export()
    const since = join(room, 'fork')
    writeFileSync(since, fork.checkpoint)
    const longer = goodStory()
    longer.log.force('log.heartbeat', {})
    const proof = join(room, 'proof')
    const words = ['audit', 'verify', onDisk(longer.export()), '--trust', trustFile]
    const world = testWorld([], { nowMs: () => nowMs + 60_000 })
    const { exit, stdout } = await run(
      [...words, '--since', since, '--proof', proof, '--json'],
      world,
    )
    expect(exit).toBe(5)
    expect(JSON.parse(stdout).proof).toHaveLength(2)
    expect(readFileSync(proof, 'utf8')).toContain(Buffer.from(fork.checkpoint).toString())
  })

  it('exits 2 for what cannot be read', async () => {
    const world = testWorld()
    expect((await run(['audit', 'verify', join(room, 'nowhere')], world)).exit).toBe(2)
    const odd = onDisk(good)
    writeFileSync(join(odd, 'Makefile'), '')
    expect((await run(['audit', 'verify', odd, '--trust', trustFile], world)).exit).toBe(2)
    expect((await run(['audit', 'verify', odd, '--max-age', 'old'], world)).exit).toBe(2)
  })
})
