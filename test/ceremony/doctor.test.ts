import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { buildFiles, buildPackages } from '../../signer-node/ceremony/build-files.ts'
import {
  checkLine,
  type Expected,
  isReady,
  machineChecks,
  type StationFacts,
} from '../../signer-node/ceremony/doctor.ts'
import {
  interfaceNames,
  mountsIn,
  routesIn,
  routesIn6,
  swapsIn,
} from '../../signer-node/ceremony/doctor-facts.ts'
import { neededFlags } from '../../signer-node/surroundings.ts'
import { refusedWith } from '../kit/refused.ts'
import { importedPackages } from '../kit/signer-packages.ts'

const home = mkdtempSync(join(tmpdir(), 'custody-doctor-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const program = 'b1'.repeat(32)
/** A live image, a card, a switch. */
const good: StationFacts = {
  interfaces: [
    { name: 'lo', isUp: true, addresses: ['127.0.0.1'] },
    { name: 'eth0', isUp: true, addresses: ['169.254.7.1', 'fe80::1'] },
    { name: 'eth1', isUp: false, addresses: [] },
  ],
  ...{ routes: ['lo'], radios: [], swaps: [], corePattern: 'core', options: [...neededFlags] },
  ...{ debugger: undefined, cache: undefined, tracer: 0, node: '24.21.0', program },
  limits: 'Max core file size        0                    0                    bytes\n',
  mounts: mountsIn(
    [
      'overlay / overlay rw,relatime,lowerdir=/ro,upperdir=/run/live/rw,workdir=/run/live/w 0 0',
      'tmpfs /run tmpfs rw,nosuid 0 0',
      'proc /proc proc rw 0 0',
      '/dev/sr0 /run/image iso9660 ro 0 0',
      '/dev/sda1 /media/card\\040a vfat rw,sync 0 0',
    ].join('\n'),
  ),
}
const expected: Expected = {
  table: '169.254.7.1',
  cards: ['/media/card a'],
  build: { program, node: '24.21.0', flags: [...neededFlags].reverse() },
}

/** The faults, as `what: fault`. */
function faults(change: Partial<StationFacts>, of: Partial<Expected> = {}): readonly string[] {
  return machineChecks({ ...good, ...change }, { ...expected, ...of })
    .filter(({ fault }) => fault !== '')
    .map(({ id, what, fault }) => `${id} ${what}: ${fault}`)
}
const up = (name: string, ...addresses: string[]) => ({ name, isUp: true, addresses })

describe('the doctor', () => {
  it('finds nothing on a machine that is as it must be', () => {
    expect(faults({})).toEqual([])
    const checks = machineChecks(good, expected)
    expect(isReady(checks, true)).toBe(true)
    expect(checkLine(checks[0]!, true)).toBe('ok    X-1  interfaces    lo, eth0')
  })

  it('finds every way out: an interface, an address, a route, a radio', () => {
    const [lo, table] = good.interfaces
    const also = (...more: ReturnType<typeof up>[]) =>
      faults({ interfaces: [lo!, table!, ...more] })
    expect(also(up('wlan0'))).toEqual(['X-1 interfaces: wlan0 is up'])
    expect(also(up('eth1', '10.0.0.2'), up('tun0'))).toEqual([
      'X-1 interfaces: eth1 is up; tun0 is up',
    ])
    expect(also(up('eth1', '169.254.7.9'))).toEqual(['X-1 interfaces: eth1 is up'])
    expect(faults({ interfaces: [lo!, up('eth0', '169.254.7.1', '10.0.0.2')] })).toEqual([
      'X-1 interfaces: eth0 has 10.0.0.2 too',
    ])
    expect(faults({ interfaces: [lo!] })).toEqual([
      "X-1 interfaces: no interface has the table's address 169.254.7.1",
    ])
    expect(faults({ interfaces: [lo!] }, { table: undefined })).toEqual([])
    expect(faults({}, { table: undefined })).toEqual(['X-1 interfaces: eth0 is up'])
    expect(faults({ routes: ['lo', 'eth0', 'eth0'] })).toEqual([
      'X-1 routes: a default route by eth0',
    ])
    expect(faults({ radios: ['bluetooth hci0'] })).toEqual(['X-1 radios: bluetooth hci0'])
  })

  it('finds what would write memory down: swap, core files, a door, a tracer', () => {
    expect(faults({ swaps: ['swap on /dev/sda2'] })).toEqual(['X-2 swap: swap on /dev/sda2'])
    const limit = (soft: string) => `Max core file size        ${soft}   unlimited   bytes\n`
    expect(faults({ limits: limit('unlimited') })).toEqual([
      'X-2 core files: the limit is unlimited, expected 0',
    ])
    expect(faults({ limits: undefined })).toEqual([
      'X-2 core files: the limit is unknown, expected 0',
    ])
    expect(faults({ corePattern: '|/usr/bin/collect %p' })).toEqual([
      'X-2 core files: a program gets them: |/usr/bin/collect %p',
    ])
    expect(faults({ corePattern: undefined })).toHaveLength(1)
    expect(faults({ debugger: 'ws://127.0.0.1:9229' })).toEqual([
      'X-2 process: a debugger may connect at ws://127.0.0.1:9229',
    ])
    expect(faults({ cache: '/tmp/x' })).toEqual(['X-2 process: compiled code is taken from /tmp/x'])
    expect(faults({ tracer: 77 })).toEqual(['X-2 process: process 77 traces this one'])
    expect(faults({ tracer: -1 })).toHaveLength(1)
    const inspect = [...neededFlags, '--inspect']
    expect(faults({ options: inspect })).toEqual([
      'X-2 process: --inspect: shows the memory of this process',
      expect.stringContaining('X-3 flags: expected'),
    ])
  })

  it('finds a disk that can be written besides the card', () => {
    const mounts = (...lines: string[]) =>
      faults({ mounts: [...good.mounts, ...mountsIn(lines.join('\n'))] })
    expect(mounts('/dev/sdb1 /media/other vfat ro 0 0')).toEqual([])
    expect(mounts('/dev/sdb1 /media/other vfat rw 0 0')).toEqual([
      'X-2 mounts: /media/other (vfat) is writable',
    ])
    expect(mounts('/dev/sdb1 /media/card ext4 rw 0 0')).toEqual([
      'X-2 mounts: /media/card (ext4) is writable',
    ])
    expect(faults({}, { cards: [] })).toEqual(['X-2 mounts: /media/card a (vfat) is writable'])
    const disk = mountsIn('/dev/sda1 / ext4 rw 0 0')
    expect(faults({ mounts: disk }, { cards: ['/home/card'] })).toEqual([
      'X-2 mounts: / (ext4) is writable',
    ])
    const onDisk = 'overlay / overlay rw,upperdir=/disk/rw 0 0\n/dev/sda1 /disk ext4 rw 0 0'
    expect(faults({ mounts: mountsIn(onDisk) }, { cards: [] })).toEqual([
      'X-2 mounts: / (overlay) is writable; /disk (ext4) is writable',
    ])
    expect(faults({ mounts: [] })).toEqual(['X-2 mounts: nobody can say what is mounted'])
  })

  it('finds another build, Node or flag than the plan has, in every environment', () => {
    const other = { program: 'b2'.repeat(32), node: '24.20.0' }
    const said = faults(other)
    expect(said.map((line) => line.slice(0, 9))).toEqual(['X-3 build', 'X-3 node:'])
    expect(faults({ options: [...neededFlags, '--expose-gc'] })).toHaveLength(1)
    expect(faults(other, { build: undefined })).toEqual([])
    expect(isReady(machineChecks({ ...good, ...other }, expected), false)).toBe(false)
  })

  it('refuses a fault of the machine in production, and only says it in a rehearsal', () => {
    const checks = machineChecks({ ...good, swaps: ['swap on /dev/sda2'] }, expected)
    expect([isReady(checks, true), isReady(checks, false)]).toEqual([false, true])
    const swap = checks.find(({ what }) => what === 'swap')!
    expect(checkLine(swap, true)).toBe('FAULT X-2  swap          swap on /dev/sda2')
    expect(checkLine(swap, false)).toBe('warn  X-2  swap          swap on /dev/sda2')
  })
})

describe('what a machine says of itself', () => {
  it('is read from the forms of the kernel', () => {
    const dev = 'Inter-|   Receive\n face |bytes\n    lo:  0 0\n  eth0: 12 0\nwlp2s0: 1 1\n'
    expect(interfaceNames(dev)).toEqual(['lo', 'eth0', 'wlp2s0'])
    const route = [
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU',
      'eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0',
      'eth1\t00000000\t0100A8C0\t0002\t0\t0\t100\t00000000\t0',
      'eth2\t0000FEA9\t00000000\t0001\t0\t0\t0\t0000FFFF\t0',
    ].join('\n')
    expect(routesIn(route)).toEqual(['eth0'])
    const zero = '0'.repeat(32)
    const six = [
      `${zero} 00 ${zero} 00 ${zero} ffffffff 00000001 00000000 00200200       lo`,
      `${zero} 00 ${zero} 00 fe800000000000000000000000000001 0 0 0 00450003     eth0`,
      `fe800000000000000000000000000000 40 ${zero} 00 ${zero} 0 0 0 00000001     eth0`,
    ].join('\n')
    expect(routesIn6(six)).toEqual(['lo', 'eth0'])
    const head = 'Filename\t\t\tType\t\tSize\tUsed\tPriority\n'
    expect(swapsIn(head)).toEqual([])
    expect(swapsIn(`${head}/dev/zram0 partition 1 0 100\n`)).toEqual(['swap on /dev/zram0'])
    expect(swapsIn(undefined)).toHaveLength(1)
    expect(mountsIn('/dev/sda1 /media/my\\040card vfat rw,sync 0 0')).toEqual([
      { at: '/media/my card', type: 'vfat', options: ['rw', 'sync'] },
    ])
  })
})

describe('the build of a station', () => {
  it('covers every package that its program can load', () => {
    const entries = [
      'signer-node/ceremony/main.ts',
      'signer-node/thread.ts',
      'signer-node/hsm/main.ts',
    ]
    expect(buildPackages).toEqual(expect.arrayContaining([...importedPackages(entries)]))
  })

  it('is another when any file is, when one comes or goes, and is refused over a link', () => {
    for (const folder of ['proto', 'policy', 'signer-node/hsm']) {
      mkdirSync(join(home, folder), { recursive: true })
    }
    mkdirSync(join(home, 'node_modules/pino'), { recursive: true })
    const write = (name: string, content: string) => writeFileSync(join(home, name), content)
    write('node', 'binary')
    write('package.json', '{}')
    write('proto/a.ts', 'a')
    write('signer-node/hsm/b.ts', 'b')
    write('node_modules/pino/package.json', '{"dependencies":{"far":"1"}}')
    const digest = () => buildFiles(home, join(home, 'node')).digest
    const first = buildFiles(home, join(home, 'node'))
    expect(first.manifest.split('\n').map((line) => line.slice(66))).toEqual([
      ...['node', 'node_modules/pino/package.json', 'package.json', 'proto/a.ts'],
      ...['signer-node/hsm/b.ts', ''],
    ])
    expect(digest()).toBe(first.digest)
    // Longer than what is read at a time, by a part, by none and by one byte: as sha256sum has it.
    for (const length of [131_072, 131_073, 300_000]) {
      write('node', 'n'.repeat(length))
      const [line] = buildFiles(home, join(home, 'node')).manifest.split('\n')
      const hex = createHash('sha256').update('n'.repeat(length)).digest('hex')
      expect(line).toBe(`${hex}  node`)
    }
    write('node', 'binary')
    expect(digest()).toBe(first.digest)
    const seen = new Set([first.digest])
    const changes: readonly (() => void)[] = [
      () => write('proto/a.ts', 'c'),
      () => write('proto/b.ts', ''),
      () => write('node', 'other'),
      () => rmSync(join(home, 'signer-node/hsm/b.ts')),
      () => {
        mkdirSync(join(home, 'node_modules/far'))
        write('node_modules/far/package.json', '{}')
      },
    ]
    for (const change of changes) {
      change()
      seen.add(digest())
    }
    expect(seen.size).toBe(1 + changes.length)
    symlinkSync('a.ts', join(home, 'proto/link.ts'))
    expect(refusedWith(digest)).toBe('CONFIG X-3')
  })
})
