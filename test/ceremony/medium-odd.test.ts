// Media that somebody prepared, or that are worn out: links and pipes in the place of files, files
// without an end, what does not belong there, other owners and modes, a lock switch, no room. Each is
// refused in words or does no harm, and beside each stands the medium as it should be.
import { execFile } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, execPath, getuid } from 'node:process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseHandle } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { copySeals, mediumPaths, openMedium, sealedOn } from '../../signer-node/ceremony/medium.ts'
import { replaceFile } from '../../signer-node/floor-file.ts'
import { refusal } from '../kit/refused.ts'
import { type Enrolled, enrolStation } from '../kit/room-stage.ts'

const home = mkdtempSync(join(tmpdir(), 'custody-medium-'))
const at = (...names: string[]): string => join(home, ...names)
const owner = { org: parseHandle('acme'), env: 'dev', origin: parseHandle('acme/cold') } as const
let station: Enrolled
beforeAll(async () => {
  station = await enrolStation(at('s-1'), 1, owner, Date.parse('2026-12-07T09:00:00Z'))
}, 60_000)
afterAll(() => rmSync(home, { recursive: true, force: true }))

let count = 0
/** A copy of medium A, and of B. */
function fresh(): { readonly a: string; readonly b: string } {
  count += 1
  const [a, b] = [at(`${count}-a`), at(`${count}-b`)]
  cpSync(join(station.home, 'a'), a, { recursive: true })
  cpSync(join(station.home, 'b'), b, { recursive: true })
  return { a, b }
}
const used = (directory: string): Promise<string> =>
  refusal(
    Promise.resolve().then(() => sealedOn(openMedium(directory, { node: station.planned.node }))),
  )

describe('a medium', () => {
  it('as it was written is used', async () => {
    const { a, b } = fresh()
    expect([await used(a), await used(b)]).toEqual(['accepted', 'accepted'])
  })

  it.each(['label.json', 'station.json', 'keys/identity.seal'])(
    'with a link, a pipe or a directory for %s is refused, and nobody waits for it (X-18)',
    async (name) => {
      const { a, b } = fresh()
      rmSync(join(a, name))
      symlinkSync(join(b, name), join(a, name))
      expect(await used(a)).toMatch(/^TOKEN_WRONG: medium: .* no link$/)
      rmSync(join(a, name))
      await new Promise((done) => execFile('mkfifo', [join(a, name)], done))
      expect(await used(a)).toMatch(/^TOKEN_WRONG: medium: .* bounded length$/)
      rmSync(join(a, name))
      mkdirSync(join(a, name))
      expect(await used(a)).toMatch(/^TOKEN_WRONG: medium: .* bounded length$/)
    },
  )

  it.each(['keys', 'keyshares'])(
    'that leads to another one with its %s is refused',
    async (name) => {
      const { a, b } = fresh()
      mkdirSync(join(a, name), { recursive: true })
      if (existsSync(join(b, name))) renameSync(join(b, name), join(b, `${name}-own`))
      symlinkSync(join(a, name), join(b, name))
      expect(await used(b)).toMatch(/^TOKEN_WRONG: medium: .* a directory of its own, and no link$/)
      expect(await used(a)).toBe('accepted')
    },
  )

  it('with a file that has no end is refused before it is read', async () => {
    const { a } = fresh()
    truncateSync(join(a, 'label.json'), limits.mediumFileBytesMax + 1)
    expect(await used(a)).toMatch(/bounded length$/)
    truncateSync(join(a, 'label.json'), limits.mediumFileBytesMax)
    expect(await used(a)).not.toMatch(/bounded length$/)
  })

  it('without one of its files is said to lack it', async () => {
    const { a } = fresh()
    rmSync(mediumPaths(a).keys.secret)
    expect(await used(a)).toMatch(/^TOKEN_ABSENT: medium: ENOENT/)
  })

  it('with a share that is none is refused; what is no share is not looked at', async () => {
    const { a } = fresh()
    const { keyshares } = mediumPaths(a)
    mkdirSync(keyshares, { recursive: true })
    writeFileSync(join(keyshares, 'README.txt'), 'buy our cards')
    mkdirSync(join(a, 'System Volume Information'))
    symlinkSync('/etc/hostname', join(a, 'hostname'))
    expect(await used(a)).toBe('accepted')
    writeFileSync(join(keyshares, 'cold.1.keyshare'), 'buy our cards')
    expect(await used(a)).toBe('SEAL: cold.1.keyshare: no sealed share')
    rmSync(join(keyshares, 'cold.1.keyshare'))
    symlinkSync(join(a, 'label.json'), join(keyshares, 'cold.1.keyshare'))
    expect(await used(a)).toMatch(/^TOKEN_WRONG: medium: .* no link$/)
  })

  it('that everybody may read, or that is of somebody else, is as good: nothing on it is open', async () => {
    const { a } = fresh()
    for (const name of readdirSync(a, { recursive: true, encoding: 'utf8' })) {
      chmodSync(join(a, name), 0o777)
    }
    expect(await used(a)).toBe('accepted')
  })

  it('takes the Seals of the other, and nothing through a link that lies where one is written', async () => {
    const { a, b } = fresh()
    const victim = at(`${count}-victim`)
    writeFileSync(victim, 'a Record')
    rmSync(mediumPaths(b).keys.secret)
    symlinkSync(victim, `${mediumPaths(b).keys.secret}.new`)
    expect(copySeals(openMedium(a), openMedium(b))).toEqual([mediumPaths(b).keys.secret])
    expect(readFileSync(victim, 'utf8')).toBe('a Record')
    expect(readFileSync(mediumPaths(b).keys.secret)).toEqual(
      readFileSync(mediumPaths(a).keys.secret),
    )
  })

  it('is not written through the link of a process that died', async () => {
    const [file, victim] = [at('file'), at('victim')]
    writeFileSync(victim, 'a Record')
    symlinkSync(victim, `${file}.new`)
    replaceFile(file, new Uint8Array([1, 2, 3]))
    expect([readFileSync(victim, 'utf8'), readFileSync(file).length]).toEqual(['a Record', 3])
  })
})

const isPossible = getuid?.() === 0
if (!isPossible && env['CI'] === 'true') throw new Error('expected root, for mounts of its own')
if (!isPossible) console.warn('no mounts here: a locked and a full medium are not played')

describe.runIf(isPossible)('a medium in a mount of its own', () => {
  const script = join(import.meta.dirname, '../kit/medium-end.ts')

  /** Copied from A to B, which is on a small file system that is prepared so. */
  const copied = (prepare: (there: string) => readonly string[]): Promise<string> => {
    const { a, b } = fresh()
    const there = at(`${count}-mount`)
    mkdirSync(there)
    const lines = [
      'set -e',
      'mount --make-rprivate /',
      `mount -t tmpfs -o size=256k tmpfs ${there}`,
      `cp -r ${b}/. ${there}/`,
      // What the other one has and this one lacks.
      `rm ${there}/keys/secret.seal`,
      ...prepare(there),
      `exec ${execPath} --disable-warning=ExperimentalWarning ${script} ${a} ${there}`,
    ]
    const file = at(`${count}.sh`)
    writeFileSync(file, lines.join('\n'))
    return new Promise((done) => {
      execFile('unshare', ['-m', 'sh', file], (_, stdout, stderr) => done(`${stdout}${stderr}`))
    })
  }

  it('takes what it lacks', async () => {
    expect(await copied(() => [])).toBe('copied 1\n')
  }, 60_000)

  it('with its lock switch on says so', async () => {
    const said = await copied((there) => [`mount -o remount,ro ${there}`])
    expect(said).toMatch(
      /^SEAL: medium: .* it cannot be written \(EROFS\): is its lock switch on\?/,
    )
  }, 60_000)

  it('without room says so', async () => {
    const said = await copied((there) => [
      `dd if=/dev/zero of=${there}/full bs=1k 2>/dev/null || true`,
    ])
    expect(said).toMatch(/^DISK_FULL: .*ENOSPC/)
  }, 60_000)
})
