// Cards that somebody prepared: at the place of each file that a program of a sitting reads or
// writes on its card lies a link, or a pipe. None is followed, nobody waits for one, and what the
// link names stays as it was.
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { parseDigest, parseVaultId } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { RecordCopy } from '../../signer-node/ceremony/record-copy.ts'
import { RoomResults } from '../../signer-node/ceremony/room-results.ts'
import { asidesOn, sayAside } from '../../signer-node/ceremony/said-aside.ts'
import { speak } from '../../signer-node/ceremony/seated-writes.ts'
import { CertificateFiles, SessionFiles } from '../../signer-node/ceremony/station-files.ts'
import { pemAt } from '../../signer-node/ceremony/table-key.ts'
import { FloorFile } from '../../signer-node/floor-file.ts'
import { PinTries } from '../../signer-node/pin-tries.ts'
import { Performance } from '../kit/performed.ts'
import { refusal } from '../kit/refused.ts'
import { RoomStory } from '../kit/room-story.ts'

const home = mkdtempSync(join(tmpdir(), 'custody-card-odd-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
const story = new RoomStory()
const seats = seatsOf(story.plan, story.bundle)
const lines = new Performance(story).lines()
const line = (at: number): Uint8Array => lines[at] ?? new Uint8Array()
const some = parseDigest('ab'.repeat(32))
const no = (work: () => unknown): Promise<string> => refusal(Promise.resolve().then(work))

let count = 0
/** A fresh card, and a file elsewhere that a link on it may name. */
function fresh() {
  count += 1
  const card = join(home, `${count}`)
  mkdirSync(card)
  const victim = join(home, `${count}-elsewhere`)
  return { card, victim }
}

describe('a Record', () => {
  it('is not read through a link, whole as it is there, and not begun through one', async () => {
    const { card, victim } = fresh()
    const [there, at] = [new RecordCopy(victim, seats), join(card, 'record.jsonl')]
    there.take(0, line(0))
    expect(new RecordCopy(victim, seats).state.size).toBe(1)
    symlinkSync(victim, at)
    const refused = /^RECORD: card: .*record.jsonl: expected a file of its own, and no link$/
    expect(await no(() => new RecordCopy(at, seats))).toMatch(refused)
    rmSync(victim)
    expect(await no(() => new RecordCopy(at, seats))).toMatch(refused)
    expect(existsSync(victim)).toBe(false)
  })

  it('takes no line where its file became a link meanwhile, to a file or to nothing', async () => {
    const { card, victim } = fresh()
    const at = join(card, 'record.jsonl')
    const copy = new RecordCopy(at, seats)
    copy.take(0, line(0))
    rmSync(at)
    symlinkSync(victim, at)
    expect(await no(() => copy.take(1, line(1)))).toMatch(/^RECORD: card: .* no link$/)
    expect(existsSync(victim)).toBe(false)
    writeFileSync(victim, 'minutes of the board')
    expect(await no(() => copy.take(1, line(1)))).toMatch(/^RECORD: card: .* no link$/)
    expect(await no(() => copy.bytes)).toMatch(/^RECORD: card: .* no link$/)
    expect(readFileSync(victim, 'utf8')).toBe('minutes of the board')
    expect(copy.state.size).toBe(1)
  })

  it('is no pipe, no directory, and no file without an end', async () => {
    const { card } = fresh()
    const at = join(card, 'record.jsonl')
    const refused = /^RECORD: card: .*: expected a file/
    execFileSync('mkfifo', [at])
    expect(await no(() => new RecordCopy(at, seats))).toMatch(refused)
    rmSync(at)
    const copy = new RecordCopy(at, seats)
    execFileSync('mkfifo', [at])
    expect(await no(() => copy.take(0, line(0)))).toMatch(refused)
    rmSync(at)
    mkdirSync(at)
    expect(await no(() => new RecordCopy(at, seats))).toMatch(refused)
    rmSync(at, { recursive: true })
    writeFileSync(at, '')
    truncateSync(at, limits.recordBytesMax + 1)
    expect(await no(() => new RecordCopy(at, seats))).toMatch(/bounded length$/)
  })
})

describe('what lies on a card beside the Record', () => {
  it.each(['results', 'results.statements'])('is not read through a link: %s', async (name) => {
    const { card, victim } = fresh()
    new RoomResults(victim, some).end('STOPPED')
    expect(new RoomResults(victim, some).reason).toBe('STOPPED')
    symlinkSync(victim, join(card, name))
    expect(await no(() => new RoomResults(join(card, 'results'), some))).toMatch(
      /^CONFIG: card: .* no link$/,
    )
  })

  it('is not read through a link: a certificate, a session', async () => {
    const { card, victim } = fresh()
    const vault = parseVaultId('cold')
    writeFileSync(victim, '{}')
    symlinkSync(victim, join(card, 'cold.1.certificate.json'))
    symlinkSync(victim, join(card, `${some}.session.json`))
    const refused = /^CONFIG: card: .* no link$/
    expect(await no(() => new CertificateFiles(card).read(vault, 1))).toMatch(refused)
    expect(await no(() => new SessionFiles(card).read(some))).toMatch(refused)
    expect(new CertificateFiles(card).read(vault, 2)).toBeUndefined()
  })

  it('is put aside where it is a link to what somebody says, and told', () => {
    const { card } = fresh()
    const other = fresh().card
    sayAside(other, '1', { kind: 'stop', expected: '', happened: 'fire', decided: '' })
    mkdirSync(join(card, 'aside'))
    symlinkSync(join(other, 'aside', '1-000.json'), join(card, 'aside', '1-000.json'))
    const told: string[] = []
    expect(asidesOn(card, (name, because) => void told.push(`${name}: ${because}`))).toEqual([])
    expect(told).toEqual([expect.stringMatching(/^1-000.json: card: .* no link$/)])
    expect(asidesOn(other, () => {})).toHaveLength(1)
  })

  it('takes the Statement that somebody signs, and not through a link that lies there', async () => {
    const { card, victim } = fresh()
    writeFileSync(victim, 'minutes of the board')
    mkdirSync(join(card, 'statements'))
    const file = join(card, 'statements', 'witness-will.json')
    symlinkSync(victim, file)
    const who = { actor: { role: 'witness', person: 'will' }, document: '{"said":true}' } as never
    const token = { identity: new Uint8Array(32), sign: async () => new Uint8Array(64) }
    const terminal = { line: async () => `key ${'00'.repeat(64)}` }
    await speak(who, token, card, terminal)
    expect(readFileSync(victim, 'utf8')).toBe('minutes of the board')
    expect([lstatSync(file).isFile(), readFileSync(file, 'utf8')]).toEqual([true, '{"said":true}'])
  })
})

describe('what a Station remembers on its card, and the certificate of its table', () => {
  const readers = {
    'floor.json': (card: string) => new FloorFile(card, 'node-1').read(),
    'pin-tries.json': (card: string) => new PinTries(card).wrong,
    'table.pem': (card: string) => pemAt(join(card, 'table.pem')),
  }

  it.each(Object.entries(readers))(
    'is no link, no pipe and nothing without end: %s',
    async (name, read) => {
      const { card, victim } = fresh()
      const at = join(card, name)
      const refused =
        /^CONFIG: (card|disk): .*: expected a file of (its own, and no link|bounded length)$/
      // To nothing, as who wants a count of wrong PINs forgotten, or a floor.
      symlinkSync(victim, at)
      expect(await no(() => read(card))).toMatch(refused)
      writeFileSync(victim, '{"format":"custody-pin-tries/v1","wrong":0}')
      expect(await no(() => read(card))).toMatch(refused)
      rmSync(at)
      execFileSync('mkfifo', [at])
      expect(await no(() => read(card))).toMatch(refused)
      rmSync(at)
      writeFileSync(at, '')
      truncateSync(at, limits.recordBytesMax + 1)
      expect(await no(() => read(card))).toMatch(refused)
    },
  )

  it('asks no token for a PIN while nobody can say how often it was tried', async () => {
    const { card, victim } = fresh()
    symlinkSync(victim, join(card, 'pin-tries.json'))
    let asked = 0
    const pin = { isSet: true, isLow: false, isFinalTry: false, isLocked: false }
    const login = async () => {
      asked += 1
    }
    const trying = { by: 'operator', isAcknowledged: true } as const
    expect(await no(() => new PinTries(card).once(trying, pin, login))).toMatch(/no link$/)
    expect([asked, existsSync(victim)]).toEqual([0, false])
  })
})
