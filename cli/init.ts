// `custody init DIR`: writes a development cluster, one directory for each owner, modes 0700 and
// 0400. Refuses a directory that has anything in it: keys are never written over.
// Source: first-walk, programs and keys. What stands in the files is `init-cluster.ts`.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseHandle } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { devBook } from './dev-documents.ts'
import { type Cluster, devCluster, lightsMax } from './init-cluster.ts'
import { type Args, done, flag, UsageError, type Verb, word } from './verb.ts'

export const init: Verb = {
  about: 'make a development cluster: certificates, keys, documents, configurations',
  usage:
    'DIR [--org NAME] [--port-base N] [--rpc URL] [--witnesses N] [--compose]' +
    ' [--cold-elsewhere] [--tron]',
  words: { min: 1, max: 1 },
  options: {
    org: { type: 'string' },
    'port-base': { type: 'string' },
    rpc: { type: 'string' },
    witnesses: { type: 'string' },
    compose: { type: 'boolean' },
    'cold-elsewhere': { type: 'boolean' },
    tron: { type: 'boolean' },
  },
  run: async (args, world) => {
    const directory = word(args, 0)
    requireEmpty(directory)
    const base = portBase(args)
    const org = parseHandle(flag(args, 'org') ?? 'acme-dev', 'org')
    // Filled by the next root, when the cold vaults have addresses.
    const coldBook = devBook({ org, name: 'cold', records: [] })
    const isTron = args.flags['tron'] === true
    if (isTron && (args.flags['cold-elsewhere'] || args.flags['compose'])) {
      throw new UsageError('--tron: on one machine, with every vault in one log')
    }
    const cluster = await devCluster({
      org,
      ...(isTron ? { chain: 'tron' } : {}),
      ...(args.flags['cold-elsewhere'] === true ? { coldBook } : {}),
      portBase: base,
      lights: lightsIn(args),
      layout: args.flags['compose'] === true ? 'compose' : 'local',
      rpc: [flag(args, 'rpc') ?? `http://127.0.0.1:${base + 2}`],
      nowMs: world.nowMs(),
      random: world.random,
    })
    write(directory, cluster)
    const { root, origin } = cluster
    const text = [
      `a development cluster in ${directory}`,
      `  root    ${root}`,
      `  log     ${origin}`,
      ...(lightsIn(args) === 0 ? [] : ['  light   witnesses/: custody-signer --witness']),
      `  owners  coordinator, nodes/, people/, services/, operator; shared/ holds no secret`,
      `  backups opened with recovery/NODE, which belongs on another machine`,
      args.flags['compose'] === true
        ? 'start it with: docker-compose up --build'
        : `start it with: custody dev up ${directory}`,
    ]
    return done(`${text.join('\n')}\n`, { directory, root, origin })
  },
}

export function write(directory: string, { files, empty }: Cluster): void {
  for (const path of empty) makeDirectory(join(directory, path))
  for (const { path, content, secret } of files) {
    makeDirectory(dirname(join(directory, path)))
    writeFileSync(join(directory, path), content, { flag: 'wx', mode: secret ? 0o400 : 0o444 })
  }
}

export function requireEmpty(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (readdirSync(directory).length > 0)
    refuse('CONFIG', `${directory}: expected an empty directory`)
}

function makeDirectory(place: string): void {
  mkdirSync(place, { recursive: true, mode: 0o700 })
}

function lightsIn(args: Args): number {
  const lights = Number(flag(args, 'witnesses') ?? '0')
  if (!Number.isInteger(lights) || lights < 0 || lights > lightsMax) {
    throw new UsageError(`--witnesses: expected 0 to ${lightsMax}`)
  }
  return lights
}

export function portBase(args: Args, usual = 7100): number {
  const base = Number(flag(args, 'port-base') ?? usual)
  if (!Number.isInteger(base) || base < 1024 || base > 65_000) {
    throw new UsageError('--port-base: expected 1024 to 65000')
  }
  return base
}
