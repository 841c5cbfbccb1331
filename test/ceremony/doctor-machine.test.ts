import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { neededFlags } from '../../signer-node/surroundings.ts'

const project = join(import.meta.dirname, '../..')
const program = join(project, 'signer-node/ceremony/main.ts')
const home = mkdtempSync(join(tmpdir(), 'custody-doctor-machine-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** Namespaces want an administrator, and a kernel that lets one mount inside: not every CI has it. */
const hasTools =
  spawnSync('unshare', ['--version']).status === 0 && spawnSync('ip', ['-V']).status === 0
if (!hasTools && process.env['CI'] === 'true') throw new Error('required in CI: unshare, ip')
const tried = 'mount --make-rprivate / && mount -t sysfs sysfs /sys && ip link'
const canUnshare = hasTools && spawnSync('unshare', ['-n', '-m', 'sh', '-c', tried]).status === 0
if (!canUnshare) console.warn('no namespaces here, so without its cases: the doctor on a machine')

interface Said {
  readonly exit: number
  readonly ready: boolean
  readonly faults: readonly string[]
}

interface Odd {
  readonly flags?: readonly string[]
  readonly core?: string
  readonly isReadOnly?: boolean
}

/** A machine of its own: no network but what is made here, a root that cannot be written. */
function doctor(
  make: readonly string[],
  { flags = neededFlags, core = '0', isReadOnly = true }: Odd = {},
): Promise<Said> {
  const script = [
    'set -e',
    'mount --make-rprivate /',
    // Whoever names a network namespace leaves a mount behind, for the whole machine.
    'while umount -l /run/netns 2>/dev/null; do :; done',
    'mount -t sysfs sysfs /sys',
    ...make,
    `mount -t tmpfs tmpfs ${home}`,
    ...(isReadOnly ? ['mount -o remount,bind,ro /'] : []),
    `ulimit -c ${core}`,
    `exec ${process.execPath} ${flags.join(' ')} ${program} doctor --strict --json --card ${home}`,
  ]
  const path = join(home, 'machine.sh')
  writeFileSync(path, script.join('\n'))
  return new Promise((done, failed) => {
    execFile('unshare', ['-n', '-m', 'sh', path], { cwd: project }, (error, stdout, stderr) => {
      const exit = typeof error?.code === 'number' ? error.code : 0
      try {
        const { ready, found } = JSON.parse(stdout)
        const faults = found.filter((one: { fault: string }) => one.fault !== '')
        const lines = faults.map((one: { id: string; fault: string }) => `${one.id} ${one.fault}`)
        done({ exit, ready, faults: lines })
      } catch {
        failed(new Error(`${stdout}${stderr}`))
      }
    })
  })
}

describe('the doctor on a real machine', () => {
  it('has what it needs to be tried, or has said that it has not', () => {
    expect(hasTools || process.env['CI'] !== 'true').toBe(true)
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toBe('')
  })
  if (!canUnshare) return

  it('is ready without any network, with nothing to write on but the card', async () => {
    expect(await doctor(['ip link set lo up'])).toEqual({ exit: 0, ready: true, faults: [] })
  })

  it('refuses another interface, and a default route', async () => {
    const pair = [
      'ip link add veth0 type veth peer name veth1',
      'ip addr add 10.9.8.7/24 dev veth0',
      'ip link set veth0 up',
      'ip link set veth1 up',
      'ip route add default via 10.9.8.1',
    ]
    const { exit, ready, faults } = await doctor(pair)
    expect([exit, ready]).toEqual([1, false])
    expect(faults).toEqual(['X-1 veth1 is up; veth0 is up', 'X-1 a default route by veth0'])
    const down = ['ip link add veth0 type veth peer name veth1']
    expect((await doctor(down)).faults).toEqual([])
  })

  it('refuses core files, a debugger, a missing flag, compiled code, and a writable disk', async () => {
    expect((await doctor([], { core: 'unlimited' })).faults).toEqual([
      'X-2 the limit is unlimited, expected 0',
    ])
    const inspected = await doctor(['ip link set lo up'], {
      flags: [...neededFlags, '--inspect=127.0.0.1:0'],
    })
    expect(inspected.faults).toEqual([
      expect.stringMatching(/^X-2 a debugger may connect at .*; --inspect=127\.0\.0\.1:0: shows/),
    ])
    expect((await doctor([], { flags: neededFlags.slice(1) })).faults).toEqual([
      `X-2 started without ${neededFlags[0]}`,
    ])
    const compiled = await doctor([`export NODE_COMPILE_CACHE=${home}/compiled`])
    expect(compiled.faults).toEqual([
      expect.stringMatching(/^X-2 compiled code is taken from \S+\/compiled/),
    ])
    const writable = await doctor([], { isReadOnly: false })
    expect(writable.faults).toEqual([expect.stringMatching(/^X-2 \/ \(\w+\) is writable/)])
  })
})
