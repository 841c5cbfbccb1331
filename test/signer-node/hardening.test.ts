// What docs/hardening.md says is done around a signer's process, held against the files that start
// one: flags, core files, packages, the unit of systemd, the list of materials.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeCommand } from '../../cli/dev-processes.ts'
import { faultsOf, lookAround, neededFlags } from '../../signer-node/surroundings.ts'
import { refusedWith } from '../kit/refused.ts'
import { importedPackages, loadablePackages, nameOf, signerSbom } from '../kit/signer-packages.ts'

const project = join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(join(project, file), 'utf8')
const unitFile = 'signer-node/custody-signer.service'

describe('every way to start a signer', () => {
  const unit = read(unitFile)
  const [, inImage = ''] =
    /^FROM base AS signer-node\n(?:.*\n)*?ENTRYPOINT (.*)$/m.exec(read('Dockerfile')) ?? []
  const [, inUnit = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? []
  const dev = nodeCommand('signer-node/main.ts', [])
  const ways = { image: inImage, unit: inUnit, dev: dev.words.join(' ') }

  it('has the flags that shut the door of a debugger and old TLS', () => {
    for (const [way, line] of Object.entries(ways)) {
      expect([way, line]).toEqual([way, expect.stringContaining('signer-node/main.ts')])
      for (const flag of neededFlags)
        expect([way, line]).toEqual([way, expect.stringContaining(flag)])
    }
  })

  it('writes no core file, and in development nothing for others', () => {
    expect(unit).toContain('\nLimitCORE=0\n')
    expect(read('docker-compose.yml')).toMatch(/ulimits:\n\s+core: 0\n/)
    const printing = ['-c', dev.words[1]!, '/bin/sh', '-c', 'umask; ulimit -c']
    expect(spawnSync(dev.program, printing, { encoding: 'utf8' }).stdout).toBe('0077\n0\n')
  })

  it('lets the threads of a process share two pools of memory', () => {
    expect(unit).toMatch(/^Environment=.*MALLOC_ARENA_MAX=2$/m)
    expect(read('Dockerfile')).toMatch(/^ENV .*MALLOC_ARENA_MAX=2$/m)
    expect(dev.words[1]).toContain('export MALLOC_ARENA_MAX=2;')
  })

  it('compiles the image as root, and runs it as somebody who cannot write there', () => {
    const users = [...read('Dockerfile').matchAll(/^USER (\w+)$/gm)].map(([, user]) => user)
    expect(users.at(-1)).toBe('node')
    expect(read('Dockerfile').indexOf('RUN node signer-node/main.ts')).toBeGreaterThan(0)
  })

  it('gives a drain the time that it may take', () => {
    expect(unit).toContain('\nTimeoutStopSec=60\n')
    expect(read('docker-compose.yml')).toContain('stop_grace_period: 60s')
  })
})

describe('the surroundings of a process', () => {
  const limits = (soft: string) =>
    `Limit   Soft Limit  Hard Limit  Units\nMax core file size        ${soft}   unlimited  bytes\n`
  const good = { options: neededFlags, debugger: undefined, limits: limits('0') }

  it('are good with the flags and without core files', () => {
    expect(faultsOf(good)).toEqual([])
    expect(faultsOf({ ...good, limits: undefined })).toEqual([])
    expect(lookAround('prod', good)).toEqual([])
  })

  it('are refused in production and said elsewhere, each fault in a sentence', () => {
    const bad = [
      [{ options: [] }, /^started without --disable-sigusr1/],
      [{ debugger: 'ws://127.0.0.1:9229/x' }, /^a debugger may connect at ws:/],
      [{ options: [...neededFlags, '--inspect=0'] }, /^--inspect=0: shows the memory/],
      [{ options: [...neededFlags, '--heapsnapshot-signal=SIGUSR2'] }, /^--heapsnapshot-signal/],
      [{ options: [...neededFlags, '--report-on-signal'] }, /^--report-on-signal/],
      [{ options: [...neededFlags, '--heapsnapshot_signal=SIGUSR2'] }, /^--heapsnapshot_signal/],
      [{ options: [...neededFlags, '"--heap-prof"'] }, /^"--heap-prof": shows the memory/],
      [{ options: [...neededFlags, '--heapsnapshot-near-heap-limit=1'] }, /shows the memory/],
      [{ options: [...neededFlags, '--tls-keylog=keys'] }, /shows the memory/],
      [{ options: [...neededFlags, '--experimental-config-file=x'] }, /cannot see$/],
      [{ options: [...neededFlags, '--no-disable-sigusr1'] }, /takes back a flag/],
      [{ options: [...neededFlags, '--tls-min-v1.2'] }, /takes back a flag/],
      [{ limits: limits('unlimited') }, /^core files are on/],
      [{ limits: limits('1024') }, /^core files are on/],
    ] as const
    for (const [change, sentence] of bad) {
      const found = { ...good, ...change }
      expect(faultsOf(found)).toEqual([expect.stringMatching(sentence)])
      expect(refusedWith(() => lookAround('prod', found))).toBe('CONFIG')
      expect(lookAround('dev', found)).toMatchObject([{ level: 'warn', name: 'surroundings' }])
    }
  })
})

describe('the packages of a signer', () => {
  it('are ten at most that its files import, and no others than these', () => {
    const imported = importedPackages()
    expect(imported).toEqual([
      '@grpc/grpc-js',
      '@grpc/proto-loader',
      '@noble/curves',
      '@noble/hashes',
      '@solar-republic/wasm-secp256k1',
      'pino',
      'pkcs11js',
      'prom-client',
      'secp256k1',
    ])
    expect(imported.length).toBeLessThanOrEqual(10)
  })

  it('bring no more with them than was looked at', () => {
    // A ceiling: whoever raises it has read what comes in, and says so in docs/hardening.md.
    expect(loadablePackages().size).toBeLessThanOrEqual(65)
  })

  it('run no script at their installation but the binding of tokens', () => {
    const scripted = [...loadablePackages()].filter(([, { hasInstallScript }]) => hasInstallScript)
    expect(scripted.map(([place]) => nameOf(place)).sort()).toEqual([
      'pkcs11js',
      'protobufjs',
      'secp256k1',
    ])
    const { allowScripts } = JSON.parse(read('package.json')) as { allowScripts: object }
    const allowed = Object.entries(allowScripts).filter(([, isAllowed]) => isAllowed)
    expect(allowed.map(([name]) => name.replace(/@[0-9.]+$/, ''))).toEqual(['pkcs11js'])
    expect(read('Dockerfile')).toMatch(/npm ci .*--ignore-scripts/)
  })

  it('are listed as CycloneDX, all of them, each with version, origin and digest', () => {
    const { bomFormat, components, dependencies } = signerSbom()
    expect(bomFormat).toBe('CycloneDX')
    const wanted = [...loadablePackages()].map(
      ([place, { version }]) => `${nameOf(place)}@${version}`,
    )
    expect(components.map(({ name, version }) => `${name}@${version}`).sort()).toEqual(
      wanted.sort(),
    )
    for (const { name, purl, hashes = [] } of components) {
      expect([name, purl]).toEqual([name, expect.stringMatching(/^pkg:npm\//)])
      expect([name, hashes.length]).toEqual([name, 1])
    }
    expect(dependencies).toHaveLength(components.length)
  })
})

describe('the unit of systemd', () => {
  const unit = read(unitFile)
  const lines = unit.split('\n').filter((line) => line !== '' && !/^[#[]/.test(line))

  it('shuts what a signer does not need, and lets traffic go to named addresses alone', () => {
    expect(lines).toEqual(
      expect.arrayContaining([
        'NoNewPrivileges=yes',
        'ProtectSystem=strict',
        'CapabilityBoundingSet=',
        'IPAddressDeny=any',
        'SocketBindDeny=any',
        'SystemCallFilter=@system-service',
        'MemorySwapMax=0',
        'UMask=0077',
      ]),
    )
    // V8 writes code and runs it: said on the page, and not forgotten.
    expect(lines.filter((line) => line.startsWith('MemoryDenyWriteExecute'))).toEqual([])
  })

  const analyse = '/usr/bin/systemd-analyze'
  if (!existsSync(analyse)) {
    if (process.env['CI'] === 'true') throw new Error('systemd is required in CI: systemd-analyze')
    console.warn('systemd is not installed: the score of the unit is not looked at')
  }
  it.runIf(existsSync(analyse))('is understood whole, and exposed to less than two of ten', () => {
    const words = ['security', '--offline=true', '--no-pager', join(project, unitFile)]
    const { stdout, stderr } = spawnSync(analyse, words, { encoding: 'utf8' })
    const [, score] = /Overall exposure level for \S+: ([0-9.]+)/.exec(stdout) ?? []
    expect(Number(score)).toBeLessThan(2)
    expect(stderr).not.toContain('Unknown')
  })
})
