import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../cli/run.ts'
import { blobDigest } from '../../policy/audit/blobs.ts'
import { readEnclosures } from '../../policy/audit/enclosures.ts'
import { writeExport } from '../../policy/audit/export.ts'
import { trustText } from '../../policy/trust.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { writeBundleFiles } from '../../proto/io/bundle-files.ts'
import { writeExport as writeFiles } from '../../proto/io/export-files.ts'
import * as house from '../kit/audit-documents.ts'
import { testWorld } from '../kit/cluster.ts'
import { Enrolment } from '../kit/enrolment-room.ts'
import { Performance } from '../kit/performed.ts'
import { coldNote, RoomStory, trust } from '../kit/room-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'ceremony-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string) => join(folder, name)
const room = new Performance(new RoomStory())
/** As the log is before it tells how this ended. */
const said = room.said()
/** Said twice, of one moment: signatures differ, so these are two Records. */
const [lines, again] = [room.lines(), room.lines()]
const files = room.carriedOut(lines)
const twin = room.carriedOut(again)
const refusing = room.carriedOut(lines, (one) =>
  one.actor.person === 'bo' ? { ...one, verdict: 'do-not-agree', because: 'no' } : one,
)
const verify = (...more: readonly string[]) => run(['ceremony', 'verify', ...more], testWorld([]))
const pinned = ['--trust', at('trust'), '--log'] as const

beforeAll(async () => {
  writeFileSync(at('trust'), trustText(trust))
  writeBundleFiles(at('in'), room.story.bundleIn)
  writeBundleFiles(at('out'), files)
  const { log, ceremony } = room.story
  const { statements = '', record, brought } = room.judge(files)
  log.add('ceremony.exported', { plan: ceremony.plan, bundle: room.story.bundle })
  log.add('sign.completed', room.completed)
  const { size = 0, root = '' } = record ?? {}
  const concluded = { record: { size, root }, results: brought?.digest ?? '', statements }
  log.add('ceremony.concluded', { plan: ceremony.plan, exceptions: 0, ...concluded })
  await exported('export')
})

const kinds = ['root', 'policy', 'directory', 'book', 'order', 'plan'] as const

/** The log as it is now, as an auditor gets it. */
async function exported(name: string): Promise<void> {
  const { log, warrant } = room.story
  const blobs = [...new Set(log.enclosures)].flatMap((text) => {
    const [digest] = readEnclosures([text]).keys()
    const content = toUtf8(text)
    const kind = kinds.find((one) => blobDigest(one, content) === digest)
    return kind === undefined || digest === undefined ? [] : [{ kind, digest, content }]
  })
  const own = { kind: 'warrant', digest: blobDigest('warrant', warrant), content: warrant } as const
  const files = writeExport({
    ...{ checkpoint: toUtf8(coldNote(log)), lines: log.lines, heads: [] },
    blobs: [...blobs, own],
  })
  await writeFiles(at(name), partsOf(files))
}

async function* partsOf(files: ReadonlyMap<string, Uint8Array>) {
  for (const [path, content] of files) yield { path, content, partial: false }
}

describe('custody ceremony verify', () => {
  it('says OK, with the words that people have on paper', async () => {
    const { exit, stdout } = await verify(at('out'), ...pinned, at('in'))
    expect(exit).toBe(0)
    expect(stdout).toMatch(/^OK\n {2}ceremony 7 of acme dev: sign/)
    expect(stdout).toMatch(/I8 results +OK\n/)
    expect(stdout).toContain(
      'script.html as the plan prints it, script.txt as the plan prints it\n',
    )
    expect(stdout).toMatch(/\n {2}record {2}([a-z]+ ){15}[a-z]+\n/i)
  })

  it('says which token signed, and from where on it was the spare one', async () => {
    const [from, until] = [said.findIndex(({ step }) => step === 'S-3'), said.length]
    const over = said.map((one, seq) =>
      one.by === 'custodian/ana' && seq >= from
        ? { ...one, token: room.stations[0]?.tokens?.spare.serial ?? '' }
        : one,
    )
    const exception = room.exception(1, 'S-3')
    const all = [...over.slice(0, from), exception, ...over.slice(from, -1), room.closed(1)]
    writeBundleFiles(at('spare'), room.carriedOut(room.lines(all)))
    const { exit, stdout } = await verify(at('spare'), ...pinned, at('in'))
    expect(exit).toBe(0)
    const told = stdout.split('\n').filter((row) => row.startsWith('  token   node-a'))
    expect(told).toEqual([
      expect.stringMatching(/node-a ana: daily D-1, \d+ lines from \d+ to \d+$/),
      expect.stringMatching(/node-a ana: spare S-1, \d+ lines from \d+ to \d+$/),
    ])
    const { tokens } = JSON.parse((await verify(at('spare'), ...pinned, at('in'), '--json')).stdout)
    const [, spare] = tokens.filter(({ node }: { node: string }) => node === 'node-a')
    expect(spare).toMatchObject({ place: 'spare', serial: 'S-1', custodian: 'ana' })
    expect(spare.first).toBeGreaterThan(from)
    expect(spare.last).toBeLessThan(until)
  })

  it('says where the script that was carried out is not the one that the plan prints', async () => {
    const { scripts } = room
    room.scripts = new Map([['script.txt', toUtf8('S-4 is left out')]])
    writeBundleFiles(at('script'), room.carriedOut(lines))
    room.scripts = scripts
    const { exit, stdout } = await verify(at('script'), ...pinned, at('in'))
    expect([exit, stdout]).toEqual([0, expect.stringMatching(/\n {2}script {2}script.txt\n/)])
    expect(stdout).toContain('note: script.txt is not what this program prints of the plan\n')
    const json = await verify(at('out'), ...pinned, at('in'), '--json')
    const same = ['script.html', 'script.txt']
    expect(JSON.parse(json.stdout)).toMatchObject({ scripts: { same, other: [] }, notices: [] })
  })

  it('judges an enrolment by the words of its plan and the directory', async () => {
    const enrolment = new Enrolment()
    writeBundleFiles(at('enrolled'), enrolment.carriedOut())
    writeFileSync(at('directory'), house.coldDirectoryText)
    const by = ['--plan', enrolment.digest, '--directory', at('directory')]
    const { exit, stdout } = await verify(at('enrolled'), ...by)
    expect([exit, stdout]).toEqual([0, expect.stringMatching(/^OK\n.*: enrolment,/)])
    expect((await verify(at('enrolled'))).exit).toBe(3)
    expect((await verify(at('enrolled'), '--plan', room.digest, ...by.slice(2))).exit).toBe(4)
  })

  it('says the same years later, from an Export that tells how it ended', async () => {
    const { exit, stdout } = await verify(at('out'), ...pinned, at('export'), '--json')
    expect([exit, JSON.parse(stdout).word]).toEqual([0, 'OK'])
  })

  it('exits as audit verify does: tampered, unconfirmed, violation, usage', async () => {
    const bent = new Map(files).set('record.jsonl', toUtf8('{}\n'))
    writeBundleFiles(at('bent'), bent)
    expect((await verify(at('bent'), ...pinned, at('in'))).exit).toBe(1)
    expect((await verify(at('out'))).exit).toBe(3)
    writeBundleFiles(at('refusing'), refusing)
    const refused = await verify(at('refusing'), ...pinned, at('in'))
    expect([refused.exit, refused.stderr.includes('auditor/bo does not agree (X-20): no')]).toEqual(
      [4, true],
    )
    expect((await verify(at('out'), '--trust', at('trust'))).exit).toBe(2)
    expect((await verify(at('none'), ...pinned, at('in'))).exit).toBe(2)
  })

  it('knows another Record by the log that tells of the first', async () => {
    writeBundleFiles(at('again'), twin)
    expect((await verify(at('again'), ...pinned, at('in'))).exit).toBe(0)
    const { exit, stderr } = await verify(at('again'), ...pinned, at('export'))
    expect([exit, stderr.includes('the log concluded this ceremony with another record')]).toEqual([
      4,
      true,
    ])
  })

  it('believes no other log than the pinned one', async () => {
    const text = trustText({ ...trust, q: 3 })
    writeFileSync(at('other'), text.replace(trust.root, '00'.repeat(32)))
    const found = await verify(at('out'), '--trust', at('other'), '--log', at('in'))
    expect([found.exit, found.stderr]).toEqual([2, expect.stringMatching(/pinned root/)])
  })
})
